"""A billing account as it is shown: the link, its region, and figures of display grade."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from services.accounts.domain.account_report import BillingMode, Charge, CreditedPayment, Service, TariffPlan
from services.accounts.domain.account_snapshot import AccountSnapshot
from services.accounts.domain.billing_account import BillingAccount
from services.accounts.domain.figures import DisplayFigure, FigureKind, Known, display_grade
from services.accounts.domain.proof_ladder import Action, Rung
from services.accounts.domain.region import Region
from services.accounts.domain.standing import Standing, is_frozen, is_outdated
from services.chassis.money import Money

T = TypeVar("T")

_ROWS_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownAccount:
    """What a subscriber sees of an account. Whoever may only pay sees no figures: they look as if never told; so does
    whoever proved the account before it passed to another owner."""

    account: BillingAccount
    standing: Standing
    former_numbers: Sequence[str]
    region: Region
    region_available: bool
    billing_mode: BillingMode | None
    balance: DisplayFigure[Money]
    tariff_plan: DisplayFigure[TariffPlan | None]
    services: DisplayFigure[tuple[Service, ...]]
    last_charges: DisplayFigure[Sequence[Charge]]
    last_payments: DisplayFigure[Sequence[CreditedPayment]]
    old_autopay_active: bool

    @property
    def allowed_actions(self) -> Sequence[Action]:
        """What the subscriber may do with it now."""
        return [action for action in self.account.allowed_actions if not is_frozen(action, self.standing)]


def shown_account(
    account: BillingAccount,
    snapshot: AccountSnapshot,
    /,
    *,
    standing: Standing,
    region: Region,
    region_available: bool,
    now: datetime,
) -> ShownAccount:
    """Return the account with what is remembered of it. A change of owner that came while the region was being asked
    counts, too."""
    if standing is not Standing.OWNER_CHANGED and account.rung is not Rung.PAY:
        outdated = is_outdated(account, owner_since=snapshot.past.owner_since)
        standing = Standing.OWNER_CHANGED if outdated else standing
    shows = account.allows(Action.VIEW) and not is_frozen(Action.VIEW, standing)
    visible = snapshot if shows else AccountSnapshot(key=account.key)

    def shown(known: Known[T] | None, kind: FigureKind) -> DisplayFigure[T]:
        return display_grade(known, kind=kind, region=region.code, now=now, fresh_for=region.fresh_for)

    return ShownAccount(
        account=account,
        standing=standing,
        former_numbers=snapshot.past.former_numbers(),
        region=region,
        region_available=region_available,
        billing_mode=visible.billing_mode.value if visible.billing_mode else None,
        balance=shown(visible.balance, FigureKind.BALANCE),
        tariff_plan=shown(visible.tariff_plan, FigureKind.TARIFF_PLAN),
        services=shown(visible.services, FigureKind.SERVICES),
        last_charges=shown(_last_charges(visible), FigureKind.CHARGES),
        last_payments=shown(_last_payments(visible), FigureKind.PAYMENTS),
        old_autopay_active=_has_old_autopay(visible),
    )


def _has_old_autopay(snapshot: AccountSnapshot) -> bool:
    mandate = snapshot.old_mandate.value if snapshot.old_mandate else None
    return mandate is not None and mandate.is_active


def _last_charges(snapshot: AccountSnapshot) -> Known[Sequence[Charge]] | None:
    rows = snapshot.charges
    return Known(rows.value[:_ROWS_SHOWN], rows.as_of) if rows else None


def _last_payments(snapshot: AccountSnapshot) -> Known[Sequence[CreditedPayment]] | None:
    rows = snapshot.payments
    return Known(rows.value[:_ROWS_SHOWN], rows.as_of) if rows else None
