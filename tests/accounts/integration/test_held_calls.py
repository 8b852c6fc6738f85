"""Calls that sick regions keep, and who reads of the others meanwhile: nobody is released before all have read."""

import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from kabinet.accounts.v1 import accounts_pb2 as pb
from kabinet.common.v1 import figure_pb2
from kabinet.regional.v1 import billing_pb2_grpc
from pymongo.database import Database

from services.chassis import grpc_guard
from services.chassis.errors import Kind
from services.chassis.grpc_errors import RemoteError
from tests.accounts.integration.cabinet import ANNA, Cabinet, link_request
from tests.accounts.integration.region_farm import REGIONS, SICK
from tests.accounts.integration.scripted_region import ScriptedRegion
from tests.support import eventually
from tests.support.neighbourhood import Neighbourhood

_THREADS = 8  # how many calls the cabinet answers at a time
_PLACES = 2  # how many calls one region gets at a time
_ASKED_AT_ONCE = 4  # of each of the three: together more than there are threads
_FOREVER_S = 90
_WELL = tuple(region for region in REGIONS if region not in SICK)


class Country:
    """Anna, who has an account in each region, and three regions that keep every call until they are released."""

    def __init__(self, cabinet: Cabinet, regions: Mapping[str, ScriptedRegion]) -> None:
        self.held = 0
        self._released = threading.Event()
        self._lock = threading.Lock()
        self._anna = cabinet.by(ANNA)
        self._accounts = {region: self._linked(region) for region in regions}
        self._pool = ThreadPoolExecutor(len(SICK) * _ASKED_AT_ONCE)
        for region in SICK:
            regions[region].before = self._hold

    def ask_for_fees_of_the_three(self) -> None:
        """Ask, and wait for no answer."""
        for region in SICK:
            for _ in range(_ASKED_AT_ONCE):
                self._pool.submit(self.fees, region)

    def fees(self, region: str, *, cap_s: float = _FOREVER_S) -> pb.ChargesFigure:
        request = pb.ListChargesRequest(billing_account_id=self._accounts[region])
        fees: pb.ChargesFigure = self._anna.accounts("ListCharges", request, cap_s=cap_s).charges
        return fees

    def is_seen_to_answer(self, region: str) -> bool:
        """Read all figures of the account, and say whether they are the region's present ones."""
        request = pb.GetBillingAccountRequest(billing_account_id=self._accounts[region], refresh_within_ms=9000)
        account = self._anna.accounts("GetBillingAccount", request, cap_s=_FOREVER_S).billing_account
        return bool(account.region_available)

    def close(self) -> None:
        """Release all calls."""
        self._released.set()
        self._pool.shutdown()

    def _linked(self, region: str) -> str:
        request = link_request()
        request.region = region
        account_id: str = self._anna.accounts("LinkBillingAccount", request).billing_account.billing_account_id
        return account_id

    def _hold(self, _method: str) -> None:
        with self._lock:
            self.held += 1
        assert self._released.wait(_FOREVER_S)


@pytest.fixture
def country(
    neighbourhood: Neighbourhood,
    mongo_url: str,
    database: Database[dict[str, Any]],
    overrides: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Country]:
    monkeypatch.setattr(grpc_guard, "_LONGEST_CALL_S", _FOREVER_S)
    regions = {code: ScriptedRegion() for code in REGIONS}  # type: ignore[abstract]  # the rest answers UNIMPLEMENTED
    endpoints = ",".join(f"{code}={_served(neighbourhood, code, region)}" for code, region in regions.items())
    limits = {"grpc_threads": _THREADS, "region_calls": _PLACES, "region_timeout_s": 60}
    cabinet = Cabinet(
        neighbourhood,
        mongo_url,
        database.name,
        region_address="by the overrides",
        overrides={"region_endpoints": endpoints, **limits, **overrides},
    )
    cabinet.start()
    subject = Country(cabinet, regions)
    yield subject
    subject.close()
    cabinet.stop()


def _served(neighbourhood: Neighbourhood, code: str, region: ScriptedRegion) -> str:
    return neighbourhood.serve(
        f"region:{code}",
        service="kabinet.regional.v1.RegionalBillingService",
        register=lambda server: billing_pb2_grpc.add_RegionalBillingServiceServicer_to_server(region, server),
    )


def test_calls_that_three_regions_hold_keep_no_reader_of_the_others(country: Country) -> None:
    country.ask_for_fees_of_the_three()
    eventually(lambda: country.held == len(SICK) * _PLACES)

    fees = [country.fees(region) for region in _WELL]
    answering = [region for region in REGIONS if country.is_seen_to_answer(region)]

    assert {figure.status.freshness for figure in fees} == {figure_pb2.FRESHNESS_FRESH}
    assert answering == list(_WELL)
    assert country.held == len(SICK) * _PLACES


@pytest.mark.parametrize("overrides", [{"region_calls": 10_000}])
def test_without_a_bulkhead_they_would_keep_them_all(country: Country) -> None:
    country.ask_for_fees_of_the_three()
    eventually(lambda: country.held == _THREADS)

    with pytest.raises(RemoteError) as late:
        country.fees(_WELL[0], cap_s=1)

    assert (late.value.kind, country.held) == (Kind.DEADLINE_EXCEEDED, _THREADS)
