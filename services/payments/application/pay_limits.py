"""Holding a subscriber to what the owner of an account lets them pay in a month, also when many payments meet."""

from dataclasses import dataclass

from services.chassis.clock import Clock
from services.chassis.money import Money
from services.payments.application.repeating import repeating
from services.payments.domain.pay_month import pay_month_id
from services.payments.domain.ports import PaymentRepository, PayMonthRepository, Permission

# Of those who meet in one month each round lets one through, so as many rounds are needed as payments fit.
_TRIES = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class PayLimits:
    """Sets sums aside before payments are saved, one document for a month.

    Nobody has to report what became of a payment: whoever sets something aside reads that first. So a declined or
    refunded payment gives its sum back whatever message got lost, and a sum whose payment was never made, because the
    process died, comes back by itself; until then it counts, which errs on the safe side.
    """

    months: PayMonthRepository
    payments: PaymentRepository
    clock: Clock

    def reserve(
        self, payment_id: str, amount: Money, /, *, billing_account_id: str, permission: Permission
    ) -> Money | None:
        """Set a sum aside, once per payment id; return what other payments have of this month, None without a limit.

        Raises MonthlyPayLimitExceeded; then nothing was set aside.
        """
        limit = permission.monthly_pay_limit
        if limit is None:
            return None
        month_id = self._month_id(billing_account_id, permission)
        return repeating(lambda: self._reserve(month_id, payment_id, amount, limit), tries=_TRIES)

    def give_back(self, payment_id: str, /, *, billing_account_id: str, permission: Permission) -> None:
        """Free the sum of a payment that is not made after all. Left out, it comes back an hour later."""
        if permission.monthly_pay_limit is not None:
            month_id = self._month_id(billing_account_id, permission)
            repeating(lambda: self._give_back(month_id, payment_id), tries=_TRIES)

    def _reserve(self, month_id: str, payment_id: str, amount: Money, limit: Money) -> Money:
        month = self.months.get(month_id)
        states = self.payments.states_of(list(month.set_aside))
        now = self.clock.now()
        month.forget_what_came_to_nothing(states, now=now)
        if month.reserve(payment_id, amount, limit=limit, now=now):
            self.months.save(month)
        return month.spent(besides=payment_id, currency=limit.currency)

    def _give_back(self, month_id: str, payment_id: str) -> None:
        month = self.months.get(month_id)
        if month.give_back(payment_id):
            self.months.save(month)

    def _month_id(self, billing_account_id: str, permission: Permission) -> str:
        return pay_month_id(billing_account_id, time_zone=permission.time_zone, now=self.clock.now())
