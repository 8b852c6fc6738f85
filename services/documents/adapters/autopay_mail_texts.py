"""The words of mails about automatic charges in Russian and English."""

from datetime import datetime
from zoneinfo import ZoneInfo

from services.chassis.money import Money
from services.documents.adapters.bill_view import roubles
from services.documents.adapters.mail_texts import MailText
from services.documents.domain.autopay_notice import AutopayNotice, ComingCharge, NoticeKind
from services.documents.domain.consent import Language

_ANNOUNCED = {
    Language.RU: (
        "Автоплатёж {date}: {amount}",
        """Здравствуйте!

{date} мы спишем {amount} с карты •• {card} по вашему правилу автоплатежа.

Если это списание не нужно, его можно пропустить:
{skip_url}

Заплатить сейчас, не дожидаясь даты:
{pay_now_url}

Остановить автоплатёж совсем:
{stop_url}

По ссылке откроется страница с кнопкой: без нажатия ничего не произойдёт. Входить в кабинет не нужно.
Ссылки действуют до списания, каждая срабатывает один раз.

Кабинет-Телеком
{public_url}
""",
    ),
    Language.EN: (
        "Automatic payment on {date}: {amount}",
        """Hello,

on {date} we will charge {amount} to your card •• {card} by your autopay rule.

If you do not want this charge, leave it out:
{skip_url}

Pay now instead of on the date:
{pay_now_url}

Stop autopay altogether:
{stop_url}

A link opens a page with a button: nothing happens until you press it. You do not have to log in.
The links work until the charge, each of them once.

Kabinet-Telecom
{public_url}
""",
    ),
}

_DECLINED_WHY = {
    Language.RU: {
        "money": "банк сообщил, что на карте не хватает денег или превышен её лимит",
        "bank_down": "банк не отвечает",
        "customer_must_act": "банк не разрешил списание без вашего участия",
        "dead_token": "эту карту больше нельзя списывать, и мы остановили автоплатёж",
        "suspicion": "платёж показался банку подозрительным, и повторять его мы не будем",
        "unknown": "причину банк не назвал",
    },
    Language.EN: {
        "money": "the bank says that the card lacks money or is over its limit",
        "bank_down": "the bank does not answer",
        "customer_must_act": "the bank did not allow the charge without you",
        "dead_token": "this card can no longer be charged, and we have stopped autopay",
        "suspicion": "the payment seemed suspicious to the bank, and we will not repeat it",
        "unknown": "the bank did not say why",
    },
}

_NEXT_TRY = {
    Language.RU: ("Мы попробуем ещё раз {date}.", "Повторять это списание мы не будем."),
    Language.EN: ("We will try again on {date}.", "We will not try this charge again."),
}

_DECLINED = {
    Language.RU: (
        "Автоплатёж не прошёл",
        """Здравствуйте!

Автоплатёж не прошёл: {why}. {next}

Заплатить самостоятельно, без комиссии:
{pay_url}

Автоплатёж, его история и карта:
{rule_url}

Кабинет-Телеком
""",
    ),
    Language.EN: (
        "Your automatic payment did not go through",
        """Hello,

your automatic payment did not go through: {why}. {next}

Pay yourself, without commission:
{pay_url}

Your autopay rule, its history and its card:
{rule_url}

Kabinet-Telecom
""",
    ),
}

_HELD = {
    Language.RU: (
        "Подтвердите автоплатёж",
        """Здравствуйте!

За сутки по вашему лицевому счёту прошло уже два автоматических списания. Прежде чем сделать третье, мы спрашиваем вас.
Пока вы не ответили, ничего не спишется; без ответа до {date} списания не будет.

Подтвердить или отклонить:
{rule_url}

Кабинет-Телеком
""",
    ),
    Language.EN: (
        "Please confirm an automatic payment",
        """Hello,

there have been two automatic charges for your account within a day. Before we make a third one we ask you.
Nothing is charged until you answer; without an answer by {date} there will be no charge.

Confirm or dismiss it:
{rule_url}

Kabinet-Telecom
""",
    ),
}

_MOSCOW = ZoneInfo("Europe/Moscow")
_MOSCOW_TIME = {Language.RU: "по московскому времени", Language.EN: "Moscow time"}


def autopay_text(
    notice: AutopayNotice, charge: ComingCharge | None, /, *, language: Language, public_url: str
) -> MailText:
    """Return the mail of a notice. Its dates are those of the region's calendar."""
    match notice.kind:
        case NoticeKind.ANNOUNCED:
            assert charge is not None, "what is announced was asked for"
            return _text(_ANNOUNCED[language], _announced_values(charge, language, public_url))
        case NoticeKind.DECLINED:
            return _text(_DECLINED[language], _declined_values(notice, language, public_url))
        case NoticeKind.HELD:
            assert notice.lapses_at is not None, "what is held lapses"
            values = {"date": _day(notice.lapses_at, notice, language), "rule_url": _rule_url(notice, public_url)}
            return _text(_HELD[language], values)


def _announced_values(charge: ComingCharge, language: Language, public_url: str) -> dict[str, str]:
    links = f"{public_url}/autopay-links"
    return {
        "date": f"{charge.local_date:%d.%m.%Y}",
        "amount": _sum(charge.amount, charge.at_most, language),
        "card": charge.card_last4,
        "skip_url": f"{links}/{charge.skip_token}",
        "pay_now_url": f"{links}/{charge.pay_now_token}",
        "stop_url": f"{links}/{charge.stop_token}",
        "public_url": public_url,
    }


def _declined_values(notice: AutopayNotice, language: Language, public_url: str) -> dict[str, str]:
    again, never = _NEXT_TRY[language]
    why = _DECLINED_WHY[language]
    return {
        "why": why.get(notice.decline_class, why["unknown"]),
        "next": again.format(date=_day(notice.next_try_at, notice, language)) if notice.next_try_at else never,
        "pay_url": f"{public_url}/accounts/{notice.billing_account_id}/pay",
        "rule_url": _rule_url(notice, public_url),
    }


def _day(moment: datetime, notice: AutopayNotice, language: Language) -> str:
    """Where the region's time zone is not known, the day is Moscow's, and says so."""
    if notice.time_zone:
        return f"{moment.astimezone(ZoneInfo(notice.time_zone)):%d.%m.%Y}"
    return f"{moment.astimezone(_MOSCOW):%d.%m.%Y} ({_MOSCOW_TIME[language]})"


def _rule_url(notice: AutopayNotice, public_url: str) -> str:
    return f"{public_url}/autopay/{notice.decision_id.partition(':')[0]}"


def _sum(amount: Money | None, at_most: Money, language: Language) -> str:
    if amount is not None:
        return roubles(amount)
    up_to = {Language.RU: "не больше", Language.EN: "at most"}[language]
    return f"{up_to} {roubles(at_most)}"


def _text(template: tuple[str, str], values: dict[str, str]) -> MailText:
    subject, body = template
    return MailText(subject=subject.format(**values), body=body.format(**values))
