"""The accounts service ends while a region streams its journal: after its return every record is stored, once."""

import pymongo
import pytest

from tests.faults.stage import Stage
from tests.support import eventually

_COUNT = 20_000
_FIRST_NUMBER = 860_000_000
_SUM = 12_345


@pytest.mark.parametrize("signal_name", ["KILL", "TERM"])
def test_a_journal_comes_through_though_its_receiver_ends_in_the_middle(stage: Stage, signal_name: str) -> None:
    first_number = _FIRST_NUMBER + (0 if signal_name == "KILL" else _COUNT)
    with pymongo.MongoClient[dict[str, object]](stage.suite.mongo_url) as client:
        database = client[stage.suite.database("accounts")]
        told = {
            "_id": {"$gte": f"54:{first_number}", "$lt": f"54:{first_number + _COUNT}"},
            "balance.value.amount_minor": _SUM,
        }

        with stage.failpoints.not_answered("update", namespace=stage.snapshots_name):
            stage.offices["54"].open_accounts(first_number=first_number, count=_COUNT, balance_minor=_SUM)
            eventually(lambda: database["snapshots"].count_documents(told), timeout_s=30)
            ended = stage.end("accounts", signal_name)
            if signal_name == "KILL":
                stage.wait_until_gone(ended)  # nothing is let go before
            assert database["snapshots"].count_documents(told) < _COUNT, "it was not in the middle"
        stage.wait_until_gone(ended)

        eventually(lambda: database["snapshots"].count_documents(told) == _COUNT, timeout_s=60, every_s=0.3)
        assert database["feed_rejections"].count_documents({}) == 0
