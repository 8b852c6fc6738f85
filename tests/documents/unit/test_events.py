"""What is announced keeps to its contract to the letter: no field too few, none too many."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from services.chassis.events import to_outbox_entry
from services.chassis.ids import new_id
from services.documents.domain.events import CustomerBillArchived, CustomerBillMailed
from tests.documents.builders import A_MORNING

CONTRACTS = Path(__file__).parents[3] / "protos" / "events" / "documents"


@pytest.mark.parametrize(
    "event",
    [
        CustomerBillArchived(customer_bill_id=new_id("bill"), region="54", pdf_sha256="a" * 64, archived_at=A_MORNING),
        CustomerBillMailed(customer_bill_id=new_id("bill"), billing_account_id=new_id("acc"), mailed_at=A_MORNING),
    ],
)
def test_keeps_to_the_contract(event: Any) -> None:
    entry = to_outbox_entry(event, now=A_MORNING, aggregate_id="x")

    _, short_name, version = entry["name"].split(".")
    schema = json.loads((CONTRACTS / f"{short_name}.{version}.json").read_text())
    jsonschema.validate(entry["data"], schema)
