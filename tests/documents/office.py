"""All of documents' background work on fakes, for tests of what happens when a part fails at a bad moment."""

from dataclasses import dataclass, field

from services.documents.application.advance_customer_bill import AdvanceCustomerBill, RecordRegionalBill
from services.documents.application.advance_mailing import AdvanceMailing
from services.documents.application.bill_deliveries import EndDeliveryOfLink
from services.documents.application.mail_confirmation import MailConfirmation
from services.documents.domain.account import Account
from services.documents.domain.bill_delivery import BillDelivery
from services.documents.domain.customer_bill import CustomerBill
from services.documents.domain.mailing import Mailing
from tests.documents.builders import NOVOSIBIRSK, make_content, make_delivery, make_recipient
from tests.documents.fakes import (
    FakeAccounts,
    FakeArchive,
    FakeBillDeliveryRepository,
    FakeClock,
    FakeCustomerBillRepository,
    FakeMailingRepository,
    FakePost,
    FakeRenderer,
    FakeTokens,
)

REGIONAL_BILL_ID = "rbl_" + "1" * 32


@dataclass(slots=True)
class Office:
    """All of documents' background work on fakes."""

    clock: FakeClock = field(default_factory=FakeClock)
    accounts: FakeAccounts = field(default_factory=FakeAccounts)
    archive: FakeArchive = field(default_factory=FakeArchive)
    renderer: FakeRenderer = field(default_factory=FakeRenderer)
    post: FakePost = field(default_factory=FakePost)
    bills: FakeCustomerBillRepository = field(init=False)
    deliveries: FakeBillDeliveryRepository = field(init=False)
    mailings: FakeMailingRepository = field(init=False)

    def __post_init__(self) -> None:
        self.bills = FakeCustomerBillRepository(self.clock)
        self.deliveries = FakeBillDeliveryRepository(self.clock)
        self.mailings = FakeMailingRepository(self.clock)

    @property
    def advance_bill(self) -> AdvanceCustomerBill:
        return AdvanceCustomerBill(
            bills=self.bills,
            regional_bills=self.accounts,
            renderer=self.renderer,
            archive=self.archive,
            deliveries=self.deliveries,
            mailings=self.mailings,
            clock=self.clock,
        )

    @property
    def advance_mailing(self) -> AdvanceMailing:
        return AdvanceMailing(
            mailings=self.mailings,
            bills=self.bills,
            deliveries=self.deliveries,
            accounts=self.accounts,
            archive=self.archive,
            post=self.post,
            end_delivery=EndDeliveryOfLink(deliveries=self.deliveries, clock=self.clock),
            clock=self.clock,
        )

    @property
    def mail_confirmation(self) -> MailConfirmation:
        return MailConfirmation(
            deliveries=self.deliveries,
            accounts=self.accounts,
            tokens=FakeTokens(),
            post=self.post,
            clock=self.clock,
        )

    @property
    def bill(self) -> CustomerBill:
        (bill,) = self.bills.table.rows.values()
        return bill

    @property
    def mailing(self) -> Mailing:
        (mailing,) = self.mailings.table.rows.values()
        return mailing

    def subscribe(self, digit: str = "1", *, email: str = "maria@example.com", account: Account = NOVOSIBIRSK) -> None:
        """Turn a delivery on for a subscriber who may see the account."""
        delivery = make_delivery(digit=digit, email=email, confirmed=True, account=account)
        self.accounts.links[delivery.recipient] = account
        self.deliveries.save(delivery)

    def ask_for_proof(self) -> None:
        """Have a link to be mailed to a subscriber who may see the account."""
        delivery = make_delivery()
        self.accounts.links[delivery.recipient] = delivery.account
        self.deliveries.save(delivery)

    def delivery(self, digit: str = "1") -> BillDelivery:
        delivery = self.deliveries.get(make_recipient(digit))
        assert delivery is not None
        return delivery

    def issue_bill(self, *, also_known_as: tuple[Account, ...] = ()) -> None:
        self.accounts.regional_bills[REGIONAL_BILL_ID] = make_content(also_known_as=also_known_as)
        RecordRegionalBill(bills=self.bills, clock=self.clock)(regional_bill_id=REGIONAL_BILL_ID, region="54")

    def work(self) -> None:
        while self.advance_bill() or self.advance_mailing():
            pass
