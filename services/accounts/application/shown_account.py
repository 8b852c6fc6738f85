"""A billing account as it is shown: the link, its region, and figures of display grade."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.accounts.domain.account_report import BillingMode, Charge, CreditedPayment, Service, TariffPlan
from services.accounts.domain.account_snapshot import AccountSnapshot
from services.accounts.domain.billing_account import BillingAccount
from services.accounts.domain.figures import DisplayFigure, Known, display_grade
from services.accounts.domain.proof_ladder import Action
from services.accounts.domain.region import Region
from services.accounts.domain.standing import Standing, left_by, standing_of
from services.chassis.money import Money

_ROWS_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownAccount:
    """What a subscriber sees of an account. Whoever may only pay sees no figures: they look as if never told; so does
    whoever proved the account before it passed to another owner."""

    account: BillingAccount
    standing: Standing
    allowed_actions: Sequence[Action]
    former_numbers: Sequence[str]
    region: Region
    region_available: bool
    billing_mode: BillingMode | None
    balance: DisplayFigure[Money]
    tariff_plan: DisplayFigure[TariffPlan | None]
    services: DisplayFigure[tuple[Service, ...]]
    last_charges: DisplayFigure[Sequence[Charge]]
    last_payments: DisplayFigure[Sequence[CreditedPayment]]


def shown_account(
    account: BillingAccount, snapshot: AccountSnapshot, /, *, region: Region, region_available: bool, now: datetime
) -> ShownAccount:
    """Return the account with what is remembered of it."""
    standing = standing_of(account, owner_since=snapshot.past.owner_since)
    allowed = left_by(standing, account.allowed_actions)
    visible = snapshot if Action.VIEW in allowed else AccountSnapshot(key=account.key)
    fresh_for = region.fresh_for
    return ShownAccount(
        account=account,
        standing=standing,
        allowed_actions=allowed,
        former_numbers=snapshot.past.former_numbers(),
        region=region,
        region_available=region_available,
        billing_mode=visible.billing_mode.value if visible.billing_mode else None,
        balance=display_grade(visible.balance, now=now, fresh_for=fresh_for),
        tariff_plan=display_grade(visible.tariff_plan, now=now, fresh_for=fresh_for),
        services=display_grade(visible.services, now=now, fresh_for=fresh_for),
        last_charges=display_grade(_last_charges(visible), now=now, fresh_for=fresh_for),
        last_payments=display_grade(_last_payments(visible), now=now, fresh_for=fresh_for),
    )


def _last_charges(snapshot: AccountSnapshot) -> Known[Sequence[Charge]] | None:
    rows = snapshot.charges
    return Known(rows.value[:_ROWS_SHOWN], rows.as_of) if rows else None


def _last_payments(snapshot: AccountSnapshot) -> Known[Sequence[CreditedPayment]] | None:
    rows = snapshot.payments
    return Known(rows.value[:_ROWS_SHOWN], rows.as_of) if rows else None
