"""A bill's way from the region's announcement into the archive and to the addresses, one step at a time."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import structlog

from services.chassis.clock import Clock
from services.chassis.errors import DomainError
from services.documents.domain.bill_content import BillContent
from services.documents.domain.bill_delivery import BillDelivery, address_key
from services.documents.domain.customer_bill import ArchivedPdf, BillStep, CustomerBill
from services.documents.domain.mailing import Mailing
from services.documents.domain.ports import (
    Archive,
    BillDeliveryRepository,
    BillRenderer,
    CustomerBillRepository,
    MailingRepository,
    RegionalBills,
)

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordRegionalBill:
    """Record that a region has issued a bill; everything else follows in the background. Idempotent."""

    bills: CustomerBillRepository
    clock: Clock

    def __call__(self, *, regional_bill_id: str, region: str) -> None:
        bill = CustomerBill.announced(regional_bill_id=regional_bill_id, region=region, now=self.clock.now())
        self.bills.add(bill)


@dataclass(frozen=True, slots=True, kw_only=True)
class AdvanceCustomerBill:
    """Do one step of one bill that is due; say whether there was one.

    Every step may be repeated: fetching changes nothing, the same bill renders to the same bytes and is archived under
    their hash, and a mailing exists once per bill, revision and address.
    """

    bills: CustomerBillRepository
    regional_bills: RegionalBills
    renderer: BillRenderer
    archive: Archive
    deliveries: BillDeliveryRepository
    mailings: MailingRepository
    clock: Clock

    def __call__(self) -> bool:
        bill = self.bills.claim_due()
        if bill is None:
            return False
        try:
            self._advance(bill)
        except DomainError as error:  # foreseen: a neighbour is down, or this bill cannot be drawn; the others go on
            bill.postpone(now=self.clock.now())
            self._tell(bill, error)
        self.bills.save(bill)
        return True

    @staticmethod
    def _tell(bill: CustomerBill, error: DomainError) -> None:
        _log.warning(
            "bill_postponed",
            customer_bill_id=bill.customer_bill_id,
            step=bill.next_step.value if bill.next_step else None,
            failures=bill.failures,
            cause=error.metadata.get("cause", error.reason),
        )

    def _advance(self, bill: CustomerBill) -> None:
        match bill.next_step:
            case BillStep.FETCH:
                content = self.regional_bills.fetch(bill.regional_bill_id)
                bill.learn(content, now=self.clock.now())
            case BillStep.RENDER:
                bill.archive(self._archived(_content_of(bill)))
            case BillStep.ADDRESS:
                self._address(bill, _content_of(bill))
            case None:
                bill.due_at = None

    def _archived(self, content: BillContent) -> ArchivedPdf:
        pdf = self.renderer.render(content)
        return ArchivedPdf(sha256=self.archive.put(pdf), size_bytes=len(pdf), archived_at=self.clock.now())

    def _address(self, bill: CustomerBill, content: BillContent) -> None:
        now = self.clock.now()
        asked_for = self.deliveries.asked_for([content.account, *content.also_known_as])
        for deliveries in _by_address(delivery for delivery in asked_for if delivery.is_open(now)):
            self.mailings.add(
                Mailing.of(
                    customer_bill_id=bill.customer_bill_id,
                    revision=content.revision,
                    email=deliveries[0].email,
                    language=deliveries[0].language,
                    recipients=tuple(delivery.recipient for delivery in deliveries),
                    now=now,
                )
            )
        bill.address(now=now)


def _content_of(bill: CustomerBill) -> BillContent:
    assert bill.content is not None, "the step before has fetched it"
    return bill.content


def _by_address(deliveries: Iterable[BillDelivery]) -> Collection[Sequence[BillDelivery]]:
    """Two members of a family with one address get one mail, however each of them spells it."""
    groups: defaultdict[str, list[BillDelivery]] = defaultdict(list)
    for delivery in deliveries:
        groups[address_key(delivery.email)].append(delivery)
    return groups.values()
