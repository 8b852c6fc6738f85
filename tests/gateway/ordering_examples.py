"""Messages of the ordering contract with sensible defaults."""

from datetime import timedelta

from kabinet.accounts.v1 import ordering_pb2

from tests.gateway.examples import NOON, make_money, make_time


def make_plan(*, plan_id: str = "trf_2") -> ordering_pb2.TariffPlan:
    return ordering_pb2.TariffPlan(tariff_plan_id=plan_id, name="Домашний лёгкий", monthly_fee=make_money(35_000))


def make_tariff_quote() -> ordering_pb2.TariffQuote:
    return ordering_pb2.TariffQuote(
        tariff_quote_id="quo_t1",
        billing_account_id="acc_1",
        tariff_plan=make_plan(),
        price_now=make_money(15_000),
        next_bill=make_money(36_100),
        lost=["Скорость 200 Мбит/с", "Антивирус"],
        effective_date="2026-12-01",
        expires_at=make_time(NOON + timedelta(minutes=10)),
    )


def make_change(
    state: "ordering_pb2.TariffChangeState.ValueType" = ordering_pb2.TARIFF_CHANGE_STATE_SCHEDULED,
    *,
    can_be_undone: bool = True,
    refusal_reason: str = "",
) -> ordering_pb2.TariffChange:
    return ordering_pb2.TariffChange(
        tariff_change_id="chg_t1",
        billing_account_id="acc_1",
        tariff_plan=make_plan(),
        effective_date="2026-12-01",
        state=state,
        undo_until=make_time(NOON + timedelta(days=10, hours=5)) if can_be_undone else None,
        refusal_reason=refusal_reason,
        created_at=make_time(),
    )


def make_offer(*, offer_code: str = "TV/HD 50") -> ordering_pb2.ServiceOffer:
    return ordering_pb2.ServiceOffer(
        offer_code=offer_code,
        kind="tv",
        name="Интерактивное ТВ HD",
        connection_price=make_money(50_000),
        monthly_fee=make_money(32_000),
    )


def make_service_order(
    state: "ordering_pb2.ServiceOrderState.ValueType" = ordering_pb2.SERVICE_ORDER_STATE_ACCEPTED,
    *,
    refusal_reason: str = "",
) -> ordering_pb2.ServiceOrder:
    return ordering_pb2.ServiceOrder(
        service_order_id="sord_1",
        billing_account_id="acc_1",
        offer=make_offer(),
        state=state,
        refusal_reason=refusal_reason,
        created_at=make_time(),
        changed_at=make_time(),
    )


def make_eligibility(*reasons: str) -> ordering_pb2.GetPromisedPaymentEligibilityResponse:
    if reasons:
        return ordering_pb2.GetPromisedPaymentEligibilityResponse(
            eligible=False, reasons=reasons, eligible_from=make_time(NOON + timedelta(days=3))
        )
    return ordering_pb2.GetPromisedPaymentEligibilityResponse(
        eligible=True, largest_amount=make_money(30_050), fee=make_money(2_500), days=7
    )


def make_promise(
    state: "ordering_pb2.PromisedPaymentState.ValueType" = ordering_pb2.PROMISED_PAYMENT_STATE_OPEN,
    *,
    refusal_reason: str = "",
) -> ordering_pb2.PromisedPayment:
    answered = state != ordering_pb2.PROMISED_PAYMENT_STATE_REQUESTED
    return ordering_pb2.PromisedPayment(
        promised_payment_id="prm_1",
        billing_account_id="acc_1",
        amount=make_money(30_000),
        fee=make_money(2_500) if answered else None,
        state=state,
        due_at=make_time(NOON + timedelta(days=7)) if answered else None,
        refusal_reason=refusal_reason,
        created_at=make_time(),
    )
