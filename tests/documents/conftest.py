"""Fixtures of documents' integration tests: the service on real servers, accounts scripted."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from kabinet.accounts.v1 import accounts_pb2, accounts_pb2_grpc
from kabinet.documents.v1 import documents_pb2_grpc
from kabinet.identity.v1 import identity_pb2
from kabinet.payments.v1 import autopay_pb2, autopay_pb2_grpc
from pymongo.database import Database

from services.chassis.errors import DomainError, Kind
from services.chassis.grpc_client import Remote
from services.chassis.grpc_values import money_to_proto, time_to_proto
from services.documents.bootstrap import build_dispatcher
from services.documents.bootstrap_stores import Stores, open_stores
from services.documents.config import load
from services.documents.domain.bill_content import BillContent
from services.documents.entrypoints.servicer import build_server
from tests.documents.mail_server import MailServer
from tests.support.neighbourhood import Neighbourhood


class _NotFound(DomainError):
    reason = "BILLING_ACCOUNT_NOT_FOUND"
    kind = Kind.NOT_FOUND


class _NotAllowed(DomainError):
    reason = "ACTION_NOT_ALLOWED"
    kind = Kind.PERMISSION_DENIED


class _NoBill(DomainError):
    reason = "REGIONAL_BILL_NOT_FOUND"
    kind = Kind.NOT_FOUND


@dataclass
class ScriptedAccounts(accounts_pb2_grpc.AccountsServiceServicer):
    """Knows links `(subscriber, billing account) -> (region, number)` and regional bills."""

    links: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    numbers: dict[str, list[accounts_pb2.AccountNumber]] = field(default_factory=dict)
    pay_only: set[str] = field(default_factory=set)
    bills: dict[str, BillContent] = field(default_factory=dict)
    lists_asked: int = 0
    receipts: list[accounts_pb2.RegionalBillReference] = field(default_factory=list)

    def AuthorizeAction(  # noqa: N802
        self, request: accounts_pb2.AuthorizeActionRequest, context: grpc.ServicerContext
    ) -> accounts_pb2.AuthorizeActionResponse:
        assert request.action == accounts_pb2.ACTION_DOCUMENTS
        link = self.links.get((request.subscriber_id, request.billing_account_id))
        if link is None:
            raise _NotFound("There is no such account.")
        if request.billing_account_id in self.pay_only:
            raise _NotAllowed("The proof does not reach that far.")
        return accounts_pb2.AuthorizeActionResponse(
            region=link[0],
            number=link[1],
            time_zone="Asia/Novosibirsk",
            numbers=self.numbers.get(request.billing_account_id, []),
        )

    def ListAuthorizedAccounts(  # noqa: N802
        self, request: accounts_pb2.ListAuthorizedAccountsRequest, context: grpc.ServicerContext
    ) -> accounts_pb2.ListAuthorizedAccountsResponse:
        assert request.action == accounts_pb2.ACTION_DOCUMENTS
        self.lists_asked += 1
        return accounts_pb2.ListAuthorizedAccountsResponse(
            accounts=[
                accounts_pb2.AuthorizedAccount(
                    billing_account_id=link_id,
                    region=region,
                    number=number,
                    numbers=self.numbers.get(link_id, []),
                )
                for (subscriber_id, link_id), (region, number) in self.links.items()
                if subscriber_id == request.subscriber_id and link_id not in self.pay_only
            ]
        )

    def GetRegionalBill(  # noqa: N802
        self, request: accounts_pb2.GetRegionalBillRequest, context: grpc.ServicerContext
    ) -> accounts_pb2.GetRegionalBillResponse:
        bill = self.bills.get(request.regional_bill_id)
        if bill is None:
            raise _NoBill("There is no such bill.")
        return accounts_pb2.GetRegionalBillResponse(
            period_start=bill.period_start.isoformat(),
            period_end=bill.period_end.isoformat(),
            issued_at=time_to_proto(bill.issued_at),
            due_date=bill.due_date.isoformat(),
            payer_name=bill.payer_name,
            payer_address=bill.payer_address,
            lines=[
                accounts_pb2.BillLine(description=line.description, amount=money_to_proto(line.amount))
                for line in bill.lines
            ],
            opening_balance=money_to_proto(bill.opening_balance),
            payments_received=money_to_proto(bill.payments_received),
            amount_due=money_to_proto(bill.amount_due),
            region=bill.account.region,
            number=bill.account.number,
            bill_number=bill.bill_number,
            revision=bill.revision,
        )

    def ListRegionalBills(  # noqa: N802
        self, request: accounts_pb2.ListRegionalBillsRequest, context: grpc.ServicerContext
    ) -> accounts_pb2.ListRegionalBillsResponse:
        after = (request.received_after.ToNanoseconds(), request.after_regional_bill_id)
        begun = request.HasField("received_after")
        rows = sorted((row.received_at.ToNanoseconds(), row.regional_bill_id, row.region) for row in self.receipts)
        return accounts_pb2.ListRegionalBillsResponse(
            regional_bills=[
                accounts_pb2.RegionalBillReference(
                    regional_bill_id=key, region=region, received_at=Timestamp(nanos=at % 10**9, seconds=at // 10**9)
                )
                for at, key, region in rows
                if not begun or (at, key) > after
            ][: request.page_size]
        )


class NothingToAnnounce(DomainError):
    reason = "AUTOPAY_NOTICE_OUT_OF_DATE"
    kind = Kind.FAILED_PRECONDITION


@dataclass
class ScriptedCharges(autopay_pb2_grpc.AutopayServiceServicer):
    """What payments says of announced charges; silent about what is not in `coming`."""

    coming: dict[str, autopay_pb2.GetAutopayNoticeResponse] = field(default_factory=dict)

    def GetAutopayNotice(  # noqa: N802
        self, request: autopay_pb2.GetAutopayNoticeRequest, context: grpc.ServicerContext
    ) -> autopay_pb2.GetAutopayNoticeResponse:
        if request.decision_id not in self.coming:
            raise NothingToAnnounce("There is nothing to announce any more.")
        return self.coming[request.decision_id]


@dataclass
class World:
    """The service, and everything around it."""

    neighbourhood: Neighbourhood
    accounts: ScriptedAccounts
    charges: ScriptedCharges
    mail: MailServer
    database: Database[dict[str, Any]]
    environment: dict[str, str]
    stores: Stores
    remote: Remote
    stub: documents_pb2_grpc.DocumentsServiceStub

    def ask(self, method: Any, request: Any, *, subscriber: str | None = None) -> Any:
        """Call as a subscriber, or as the gateway itself."""
        token = self.neighbourhood.access_token(subscriber) if subscriber else None
        return self.remote.call(method, request, cap_s=30, access_token=token)


@pytest.fixture
def mail() -> Iterator[MailServer]:
    server = MailServer()
    yield server
    server.stop()


@pytest.fixture
def world(
    tmp_path: Path,
    mongo_url: str,
    amqp_url: str,
    database: Database[dict[str, Any]],
    mail: MailServer,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[World]:
    """The gRPC server, running; the dispatcher's part is the fixture `dispatcher`."""
    neighbourhood = Neighbourhood(tmp_path)
    accounts = ScriptedAccounts()  # type: ignore[abstract]  # what it lacks answers UNIMPLEMENTED
    charges = ScriptedCharges()  # type: ignore[abstract]
    contacts = identity_pb2.GetContactResponse(email="maria@example.com", language="ru")
    neighbourhood.contacts["sub_" + "1" * 32] = contacts
    accounts_address = neighbourhood.serve(
        "accounts",
        service="kabinet.accounts.v1.AccountsService",
        register=lambda server: accounts_pb2_grpc.add_AccountsServiceServicer_to_server(accounts, server),
    )
    (tmp_path / "secret").write_text("a secret for tests, long enough")
    environment = {
        **neighbourhood.environment("documents"),
        "MONGO_URL": mongo_url,
        "MONGO_DATABASE": database.name,
        "AMQP_URL": amqp_url,
        "ACCOUNTS_ADDRESS": accounts_address,
        "PAYMENTS_ADDRESS": neighbourhood.serve(
            "payments",
            service="kabinet.payments.v1.AutopayService",
            register=lambda server: autopay_pb2_grpc.add_AutopayServiceServicer_to_server(charges, server),
        ),
        "PUBLIC_URL": "https://kabinet.example",
        "SMTP_URL": mail.url,
        "SECRET_KEY_FILE": str(tmp_path / "secret"),
        "CATCH_UP_S": "0.2",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    stores = open_stores(load(), role="test")
    try:
        address = neighbourhood.run(build_server(load(), stores))
        remote = neighbourhood.remote("documents", address=address, caller="gateway")
        stub = documents_pb2_grpc.DocumentsServiceStub(remote.channel)
        yield World(neighbourhood, accounts, charges, mail, database, environment, stores, remote, stub)
    finally:
        neighbourhood.stop()
        stores.client.close()


@pytest.fixture
def dispatcher(world: World) -> Iterator[None]:
    """The dispatcher's loops, running."""
    running = build_dispatcher(load(), world.stores)
    running.start()
    yield
    running.stop(grace_s=10)
