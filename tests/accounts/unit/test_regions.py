"""The regions as data."""

import pytest

from services.accounts.adapters.json_regions import load_regions
from services.accounts.domain.region import AccountNumberInvalid, RegionNotFound

_REGIONS = load_regions(connected=["54", "77"])


def test_holds_every_federal_subject_once_with_both_names_and_a_zone() -> None:
    regions = _REGIONS.all()

    assert len(regions) == len({region.code for region in regions}) == 89
    assert len({region.name for region in regions}) == len({region.name_en for region in regions}) == 89
    assert all(len(region.code) == 2 and region.proof_kinds for region in regions)


@pytest.mark.parametrize(
    ("code", "name_en", "zone"),
    [
        ("77", "Moscow", "Europe/Moscow"),
        ("54", "Novosibirsk Oblast", "Asia/Novosibirsk"),
        ("25", "Primorye", "Asia/Vladivostok"),
        ("39", "Kaliningrad Oblast", "Europe/Kaliningrad"),
        ("41", "Kamchatka Krai", "Asia/Kamchatka"),
    ],
)
def test_knows_a_region_by_its_code(code: str, name_en: str, zone: str) -> None:
    region = _REGIONS.of(code)

    assert (region.name_en, region.time_zone) == (name_en, zone)


def test_lists_regions_by_name_and_says_which_are_connected() -> None:
    regions = _REGIONS.all()

    assert [region.name for region in regions] == sorted(region.name for region in regions)
    assert {region.code for region in regions if region.connected} == {"54", "77"}


@pytest.mark.parametrize("code", ["25", "00", "", "$ne"])
def test_a_region_that_cannot_be_asked_is_as_good_as_none(code: str) -> None:
    with pytest.raises(RegionNotFound):
        _REGIONS.connected(code)


def test_an_endpoint_of_no_region_is_found_at_the_start() -> None:
    with pytest.raises(ValueError, match="99"):
        load_regions(connected=["99"])


@pytest.mark.parametrize("typed", ["5400200001", " 5400 2000 01 ", "5400-200-001"])
def test_reads_a_number_as_people_type_it(typed: str) -> None:
    assert _REGIONS.of("54").key_of(typed).number == "5400200001"


@pytest.mark.parametrize("typed", ["", "12", "5400200001a", "5" * 21, '{"$ne": 1}', "٥٤٠٠٢٠٠٠٠١"])
def test_refuses_what_is_no_number(typed: str) -> None:
    with pytest.raises(AccountNumberInvalid):
        _REGIONS.of("54").key_of(typed)
