"""Messages of the contract with sensible defaults."""

from datetime import UTC, datetime

from google.protobuf.timestamp_pb2 import Timestamp
from kabinet.accounts.v1 import accounts_pb2
from kabinet.common.v1 import figure_pb2, money_pb2
from kabinet.content.v1 import content_pb2
from kabinet.documents.v1 import documents_pb2
from kabinet.identity.v1 import identity_pb2
from kabinet.payments.v1 import autopay_pb2, payments_pb2

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
ALL_ACTIONS = [number for number in accounts_pb2.Action.values() if number]


def make_time(moment: datetime = NOON) -> Timestamp:
    stamp = Timestamp()
    stamp.FromDatetime(moment)
    return stamp


def make_money(kopecks: int = 45_000) -> money_pb2.Money:
    return money_pb2.Money(amount_minor=kopecks, currency="RUB")


def make_status(
    kind: str, freshness: "figure_pb2.Freshness.ValueType" = figure_pb2.FRESHNESS_FRESH
) -> figure_pb2.FigureStatus:
    return figure_pb2.FigureStatus(as_of=make_time(), freshness=freshness, kind=kind, region="54")


def make_tokens(*, access_token: str = "access-2", lives_s: int = 300) -> identity_pb2.Tokens:
    expires_at = Timestamp()
    expires_at.GetCurrentTime()
    expires_at.seconds += lives_s
    return identity_pb2.Tokens(
        access_token=access_token, refresh_token="refresh-2", expires_at=expires_at, session_id="ses_1"
    )


def make_profile(*, display_name: str = "Анна") -> identity_pb2.Profile:
    return identity_pb2.Profile(
        subscriber_id="sub_1",
        login="anna",
        email="anna@example.ru",
        display_name=display_name,
        language="ru",
        created_at=make_time(),
    )


def make_account(
    *,
    account_id: str = "acc_1",
    label: str = "Дом",
    kopecks: int = 45_000,
    available: bool = True,
    standing: "accounts_pb2.AccountStanding.ValueType" = accounts_pb2.ACCOUNT_STANDING_CLEAR,
) -> accounts_pb2.BillingAccount:
    charge = accounts_pb2.Charge(
        charge_id="chg_1", description="Интернет за ноябрь", amount=make_money(60_000), charged_at=make_time()
    )
    credited = accounts_pb2.CreditedPayment(
        payment_id="pay_0", channel="office", amount=make_money(), credited_at=make_time()
    )
    services = [
        accounts_pb2.Service(service_id="srv_1", kind="internet", name="Домашний интернет 200", state="active"),
        accounts_pb2.Service(service_id="srv_2", kind="tv", name="Интерактивное ТВ", state="suspended"),
        accounts_pb2.Service(service_id="srv_3", kind="telephony", name="Городской телефон", state="active"),
    ]
    return accounts_pb2.BillingAccount(
        billing_account_id=account_id,
        region="54",
        number="541000000017",
        relation=accounts_pb2.RELATION_OWN,
        label=label,
        allowed_actions=ALL_ACTIONS,
        linked_at=make_time(),
        billing_mode="advance",
        balance=accounts_pb2.MoneyFigure(value=make_money(kopecks), status=make_status("balance")),
        tariff_plan=accounts_pb2.TariffFigure(
            tariff_plan_id="trf_1",
            name="Домашний максимум",
            monthly_fee=make_money(60_000),
            status=make_status("tariff_plan"),
        ),
        services=accounts_pb2.ServicesFigure(items=services, status=make_status("services")),
        last_charges=accounts_pb2.ChargesFigure(
            items=[charge], status=make_status("charges", figure_pb2.FRESHNESS_STALE)
        ),
        last_payments=accounts_pb2.CreditedPaymentsFigure(items=[credited], status=make_status("payments")),
        region_available=available,
        time_zone="Asia/Novosibirsk",
        standing=standing,
    )


def make_region(*, code: str = "54", connected: bool = True) -> accounts_pb2.Region:
    return accounts_pb2.Region(
        region=code,
        name="Новосибирская область",
        name_en="Novosibirsk Oblast",
        time_zone="Asia/Novosibirsk",
        cutover=accounts_pb2.CUTOVER_READ_ONLY,
        cutover_date="2014-07-01",
        connected=connected,
        proof_kinds=["contract_code", "bill_code", "contact_code", "last_payment_minor", "grant_code"],
    )


def make_payment(
    *,
    state: "payments_pb2.PaymentState.ValueType" = payments_pb2.PAYMENT_STATE_POSTED,
    confirmation_url: str = "",
    payment_id: str = "pay_1",
) -> payments_pb2.Payment:
    reached = state == payments_pb2.PAYMENT_STATE_POSTED
    return payments_pb2.Payment(
        payment_id=payment_id,
        billing_account_id="acc_1",
        amount=make_money(),
        commission=make_money(0),
        kind=payments_pb2.PAYMENT_KIND_NEW_CARD,
        state=state,
        confirmation_url=confirmation_url,
        stages=[
            payments_pb2.Stage(stage="created", reached_at=make_time()),
            payments_pb2.Stage(stage="taken", reached_at=make_time() if reached else None),
            payments_pb2.Stage(stage="credited", reached_at=make_time() if reached else None),
        ],
        created_at=make_time(),
    )


def make_kinds() -> payments_pb2.ListPaymentKindsResponse:
    status = payments_pb2.PaymentKindStatus
    return payments_pb2.ListPaymentKindsResponse(
        kinds=[
            status(kind=payments_pb2.PAYMENT_KIND_NEW_CARD, enabled=True),
            status(kind=payments_pb2.PAYMENT_KIND_SAVED_CARD, enabled=True),
            status(kind=payments_pb2.PAYMENT_KIND_WEBMONEY, enabled=False, disabled_reason="WITHDRAWN_BY_OPERATOR"),
        ],
        card_brands=["VISA", "MasterCard", "Мир"],
    )


def make_card() -> payments_pb2.PaymentMethod:
    return payments_pb2.PaymentMethod(
        payment_method_id="pm_1",
        brand="visa",
        last4="1111",
        expires="2028-09",
        saved_at=make_time(),
        state=payments_pb2.PAYMENT_METHOD_STATE_ACTIVE,
        issuer_country="RU",
    )


def make_binding() -> payments_pb2.PaymentMethod:
    return payments_pb2.PaymentMethod(
        payment_method_id="pm_2",
        state=payments_pb2.PAYMENT_METHOD_STATE_PENDING,
        confirmation_url="https://acquirer.example/bind/1",
    )


def make_rule(*, stop_reason: str = "") -> payments_pb2.AutopayRule:
    state = payments_pb2.AUTOPAY_RULE_STATE_STOPPED if stop_reason else payments_pb2.AUTOPAY_RULE_STATE_ACTIVE
    return payments_pb2.AutopayRule(
        autopay_rule_id="aru_1",
        billing_account_id="acc_1",
        payment_method_id="pm_1",
        trigger=payments_pb2.AutopayTrigger(day_of_month=payments_pb2.DayOfMonth(day=31)),
        amount=make_money(),
        state=state,
        stop_reason=stop_reason,
        rule_version=1,
        created_at=make_time(),
        next_charge_at=make_time(),
        amount_kind=payments_pb2.AUTOPAY_AMOUNT_KIND_FIXED,
        caps=payments_pb2.AutopayCaps(per_month=make_money(200_000)),
    )


def make_link() -> autopay_pb2.ReadAutopayLinkResponse:
    return autopay_pb2.ReadAutopayLinkResponse(
        action=autopay_pb2.AUTOPAY_LINK_ACTION_SKIP,
        charge_at=make_time(),
        local_date="2026-11-30",
        amount=make_money(),
        at_most=make_money(),
        usable=True,
    )


def make_decision() -> payments_pb2.AutopayDecision:
    return payments_pb2.AutopayDecision(
        decision_id="aru_1:2026-11",
        rule_version=1,
        outcome="charge",
        reasons=["DUE_BY_DATE"],
        amount=make_money(),
        balance=make_money(1_000),
        balance_as_of=make_time(),
        decided_at=make_time(),
        payment_id="pay_1",
    )


def make_bill() -> documents_pb2.CustomerBill:
    return documents_pb2.CustomerBill(
        customer_bill_id="bill_1",
        billing_account_id="acc_1",
        bill_number="54-1126",
        revision=1,
        period_start="2026-10-01",
        period_end="2026-10-31",
        issued_at=make_time(),
        due_date="2026-11-25",
        amount_due=make_money(60_000),
        state=documents_pb2.CUSTOMER_BILL_STATE_ARCHIVED,
        pdf_sha256="ab" * 32,
    )


def make_delivery(
    state: "documents_pb2.BillDeliveryState.ValueType" = documents_pb2.BILL_DELIVERY_STATE_OFF,
) -> documents_pb2.BillDelivery:
    return documents_pb2.BillDelivery(
        billing_account_id="acc_1",
        state=state,
        email="anna@example.ru",
        consent_version="2026-1",
        consent_text="Согласен получать счета в электронном виде.",
    )


def make_offering(*, age_mark: int = 12) -> content_pb2.Offering:
    return content_pb2.Offering(
        offering_id="off_irony",
        kind=content_pb2.OFFERING_KIND_FILM,
        title="Ирония вечера",
        description="Комедия о том, как двое перепутали поезда и не пожалели об этом.",
        year=2013,
        age_mark=age_mark,
        price_model=content_pb2.PRICE_MODEL_RENTAL,
        price=make_money(9_900),
        rental_hours=48,
    )


def make_quote() -> content_pb2.ContentQuote:
    return content_pb2.ContentQuote(
        content_quote_id="quo_1",
        offering_id="off_irony",
        billing_account_id="acc_1",
        price=make_money(9_900),
        expires_at=make_time(),
    )


def make_order(
    state: "content_pb2.ContentOrderState.ValueType" = content_pb2.CONTENT_ORDER_STATE_COMPLETED,
) -> content_pb2.ContentOrder:
    return content_pb2.ContentOrder(
        content_order_id="ord_1",
        offering_id="off_irony",
        billing_account_id="acc_1",
        price=make_money(9_900),
        state=state,
        created_at=make_time(),
    )


def make_article() -> content_pb2.HelpArticle:
    return content_pb2.HelpArticle(
        slug="payments",
        title="Как заплатить",
        summary="Картой, без комиссии.",
        body_markdown="Выберите **счёт**.\n\n<script>alert(1)</script>\n\n- раз\n- два\n",
        video_url="https://video.example/pay",
    )
