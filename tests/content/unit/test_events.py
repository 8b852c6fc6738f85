"""What is announced keeps to its contract to the letter: no field too few, none too many."""

import json
from pathlib import Path

import jsonschema

from services.chassis.events import to_outbox_entry
from tests.content.builders import A_MORNING, make_order

CONTRACT = Path(__file__).parents[3] / "protos" / "events" / "content" / "content_ordered.v1.json"


def test_keeps_to_the_contract() -> None:
    order = make_order()
    order.complete(now=A_MORNING)

    (event,) = order.pending_events
    entry = to_outbox_entry(event, now=A_MORNING, aggregate_id=order.content_order_id)

    assert entry["name"] == "content.content_ordered.v1"
    jsonschema.validate(entry["data"], json.loads(CONTRACT.read_text()))
