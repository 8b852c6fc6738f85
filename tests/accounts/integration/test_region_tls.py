"""The lines between accounts and the reference region by mutual TLS, in both directions."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from kabinet.accounts.v1 import accounts_pb2 as pb
from kabinet.accounts.v1 import accounts_pb2_grpc
from kabinet.regional.v1 import feed_pb2, feed_pb2_grpc
from pymongo.database import Database

from sandbox.region.assembly import Assembly, assemble
from sandbox.region.config import Settings as RegionSettings
from sandbox.region.tls import open_port
from services.chassis.clock import SystemClock
from services.chassis.grpc_client import Remote
from services.chassis.grpc_errors import MethodLeftOut, RemoteError
from services.chassis.tls import ClientTls
from services.chassis.tokens import ServiceTokens, load_private_key
from tests.accounts.integration.cabinet import ANNA, Cabinet
from tests.sandbox.regions import ADVANCE
from tests.support import eventually
from tests.support.certificates import Authority
from tests.support.neighbourhood import Neighbourhood
from tests.support.ports import free_port

Document = dict[str, Any]


class Lines:
    """Accounts and region 54, with certificates of one authority unless a test has others put into the registry."""

    def __init__(self, folder: Path, cabinet: Cabinet) -> None:
        self.authority = Authority(folder / "authority")
        self._cabinet = cabinet
        self._folder = folder
        self._feed_port = free_port()
        self._server, accounts = self.authority.vouch_for("localhost"), self.authority.vouch_for("accounts")
        self.tls = ClientTls(
            ca_file=self.authority.ca_file, certificate_file=accounts.certificate_file, key_file=accounts.key_file
        )
        self._parts: Assembly | None = None

    def open(self, **entry: str) -> None:
        """Start both, the region first; `entry` is added to the registry's."""
        settings = self._region_settings()
        self._parts = assemble(settings, region="54")
        port = open_port(self._parts.server, settings, listen="127.0.0.1:0")
        self._parts.server.start()
        self._cabinet.overrides |= {
            "region_endpoints": "",
            "region_registry_file": self._registry(f"localhost:{port}", entry),
            "feed_listen": f"127.0.0.1:{self._feed_port}",
            "feed_tls_certificate_file": self._server.certificate_file,
            "feed_tls_key_file": self._server.key_file,
            "feed_tls_ca_file": self.authority.ca_file,
        }
        self._cabinet.start()
        self._parts.feed.start()

    def figures(self) -> pb.BillingAccount:
        """Link an account and return it with its figures. Raises what stands in the way."""
        self._cabinet.linked()
        request = pb.ListBillingAccountsRequest(refresh_within_ms=9000)
        (account,) = self._cabinet.by(ANNA).accounts("ListBillingAccounts", request).billing_accounts
        assert isinstance(account, pb.BillingAccount)
        return account

    def bill(self, kopecks: int) -> None:
        """Have the region bill a fee, which is news."""
        assert self._parts is not None
        transport = httpx.WSGITransport(app=self._parts.control)
        with httpx.Client(transport=transport, base_url="http://office") as office:
            body = {"charge_id": "fee", "amount_minor": kopecks}
            office.post(f"/control/accounts/{ADVANCE}/charges", json=body).raise_for_status()

    def at_the_door(self, tls: ClientTls | None) -> Remote:
        """Return a way to call, as region 54, where regions push their news."""
        key = load_private_key(self._cabinet.neighbourhood.key_file("region:54"))
        tokens = ServiceTokens(name="region:54", key=key, clock=SystemClock())
        address = f"localhost:{self._feed_port}"
        return Remote(name="accounts", address=address, tokens=tokens, tls=tls, connect_within_s=10)

    def close(self) -> None:
        """Stop the region; the cabinet stops by itself."""
        if self._parts is not None:
            self._parts.feed.stop()
            self._parts.server.stop(0).wait()

    def _registry(self, address: str, entry: dict[str, str]) -> Path:
        file = self._folder / "registry.json"
        known = {
            "code": "54",
            "address": address,
            "tls": "mtls",
            "ca_file": str(self.tls.ca_file),
            "certificate_file": str(self.tls.certificate_file),
            "key_file": str(self.tls.key_file),
            "deduplicates_postings": True,
        }
        file.write_text(json.dumps({"regions": [known | entry]}))
        return file

    def _region_settings(self) -> RegionSettings:
        return RegionSettings(
            region_database=self._folder / "region.sqlite3",
            region_key_file=self._cabinet.neighbourhood.key_file("region:54"),
            trust_file=self._cabinet.neighbourhood.trust_file,
            accounts_address=f"localhost:{self._feed_port}",
            region_certificate_file=self._server.certificate_file,
            region_certificate_key_file=self._server.key_file,
            cabinet_ca_file=self.authority.ca_file,
        )


@pytest.fixture
def lines(
    tmp_path: Path, neighbourhood: Neighbourhood, database: Database[Document], mongo_url: str
) -> Iterator[Lines]:
    cabinet = Cabinet(neighbourhood, mongo_url, database.name, region_address="by the registry")
    subject = Lines(tmp_path, cabinet)
    yield subject
    subject.close()
    cabinet.stop()


def test_figures_and_news_come_by_mutual_tls(lines: Lines, database: Database[Document]) -> None:
    lines.open()
    account = lines.figures()
    before = account.balance.value.amount_minor
    assert account.region_available

    lines.bill(100)

    snapshots = database["snapshots"]
    eventually(lambda: snapshots.find_one({"number": ADVANCE, "balance.value.amount_minor": before - 100}))


def test_a_region_answers_nobody_whose_certificate_is_another_authoritys(lines: Lines, tmp_path: Path) -> None:
    stranger = Authority(tmp_path / "stranger", name="Somebody else").vouch_for("accounts")
    lines.open(certificate_file=str(stranger.certificate_file), key_file=str(stranger.key_file))

    with pytest.raises(RemoteError) as refused:
        lines.figures()

    assert refused.value.reason == "REGION_UNAVAILABLE"


def test_nothing_is_sent_to_a_region_that_has_another_name_than_the_registry_says(lines: Lines) -> None:
    lines.open(server_name="billing.elsewhere.example")

    with pytest.raises(RemoteError) as refused:
        lines.figures()

    assert refused.value.reason == "REGION_UNAVAILABLE"


def test_the_door_for_regions_opens_to_a_certificate_only_and_leads_to_their_service_only(lines: Lines) -> None:
    lines.open()
    naked, shown = lines.at_the_door(ClientTls(ca_file=lines.authority.ca_file)), lines.at_the_door(lines.tls)
    push = feed_pb2.PushBalancesRequest()
    try:
        with pytest.raises(RemoteError):
            naked.call(feed_pb2_grpc.RegionalFeedServiceStub(naked.channel).PushBalances, push, cap_s=30)

        assert shown.call(feed_pb2_grpc.RegionalFeedServiceStub(shown.channel).PushBalances, push, cap_s=30) is not None
        with pytest.raises(MethodLeftOut):
            accounts = accounts_pb2_grpc.AccountsServiceStub(shown.channel)
            shown.call(accounts.ListRegions, pb.ListRegionsRequest(), cap_s=30)
    finally:
        naked.close()
        shown.close()
