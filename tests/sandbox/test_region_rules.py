"""The data of every region hold together: plans, offers, terms and the people of the demo."""

from pathlib import Path

import pytest
from pydantic import ValidationError

import sandbox.region.rules
from sandbox.region.rules import Rules, read_region, read_rules

_REGIONS = sorted(file.stem for file in Path(sandbox.region.rules.__file__).with_name("demo").glob("*.json"))


@pytest.mark.parametrize("region", _REGIONS)
def test_every_region_sells_what_its_people_have(region: str) -> None:
    rules = read_rules(region)
    people = read_region(region)["accounts"]

    assert all(rules.plan(account["tariff_plan_id"]) for account in people)
    assert len(rules.tariff_plans) >= 4
    assert rules.zone.key == rules.time_zone


@pytest.mark.parametrize("region", _REGIONS)
def test_every_region_can_be_asked_what_it_refuses_and_what_it_trusts(region: str) -> None:
    rules = read_rules(region)
    numbers = {account["number"] for account in read_region(region)["accounts"]}
    terms = rules.promised_payment

    assert all(offer.not_feasible_at <= numbers for offer in rules.service_offers)
    assert len({offer.offer_code for offer in rules.service_offers}) == len(rules.service_offers)
    # The largest promise covers the largest debt and its own fee, or it would leave the account suspended.
    assert terms.largest_minor >= terms.largest_debt_minor + terms.fee_minor


def test_refuses_data_that_say_what_nobody_reads() -> None:
    data = {name: value for name, value in read_region("54").items() if name != "accounts"}

    with pytest.raises(ValidationError, match="downgrade_fee"):
        Rules.model_validate(data | {"downgrade_fee": 1})
