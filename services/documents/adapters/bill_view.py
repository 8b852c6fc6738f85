"""What the bill template shows: every figure and date as Russian text, every outside word made printable.

Pure, so that it can be tested without drawing anything.
"""

import re
import unicodedata
from datetime import date, datetime
from typing import Any

from services.chassis.clock import to_milliseconds
from services.chassis.events import to_rfc3339
from services.chassis.money import RUB, Money
from services.documents.domain.bill_content import BillContent
from services.documents.domain.branch import Branch, Payee

_BRAND = "Кабинет-Телеком"
_MONTHS = (
    "январь",
    "февраль",
    "март",
    "апрель",
    "май",
    "июнь",
    "июль",
    "август",
    "сентябрь",
    "октябрь",
    "ноябрь",
    "декабрь",
)
_MONTHS_OF = (
    "января",
    "февраля",
    "марта",
    "апреля",
    "мая",
    "июня",
    "июля",
    "августа",
    "сентября",
    "октября",
    "ноября",
    "декабря",
)
_NBSP = "\N{NO-BREAK SPACE}"
_MINUS = "\N{MINUS SIGN}"
_BREAK = "\N{ZERO WIDTH SPACE}"
_LONGEST_WORD = 30
_LONGEST_TEXT = 400

# PDF/A forbids a glyph that the font lacks, and typst then makes no PDF at all: what the embedded font does not have
# is shown as a box. Nor may direction marks turn a line around.
_UNPRINTABLE = re.compile(
    r"[^\u0020-\u007e\u00a0-\u024f\u0370-\u03ff\u0400-\u04ff\u0510-\u0513\u051a-\u051d"
    r"\u2010-\u2027\u2030-\u2040\u2042\u2044-\u2052\u2054-\u205e\u20a0-\u20bf\u2116\u2122\u2212]"
)


def view_of(bill: BillContent, /, *, branch: Branch) -> dict[str, Any]:
    """Return the data of the template."""
    issued_on = bill.issued_at.astimezone(branch.time_zone).date()
    number = printable(bill.bill_number)
    is_due = bill.amount_due.is_positive
    return {
        "brand": _BRAND,
        "title": f"Счёт № {number} за {_month(bill.period_start)}",
        "heading": f"Счёт за {_month(bill.period_start)}",
        "subtitle": f"№ {number} от {_day(issued_on)}, услуги связи{_revision(bill.revision)}",
        "footer": f"{_BRAND} · счёт № {number} · лицевой счёт {printable(bill.account.number)}",
        "branch": {"name": branch.name, "contact": f"Справочная служба {branch.phone}, круглосуточно"},
        "payee": {"name": branch.payee.name},
        "payer": {"name": printable(bill.payer_name), "address": printable(bill.payer_address)},
        "account_number": printable(bill.account.number),
        "period": f"{bill.period_start:%d.%m.%Y} – {bill.period_end:%d.%m.%Y}",
        "due_date": _day(bill.due_date),
        "is_due": is_due,
        "nothing_due": "Платить не нужно: на счёте достаточно денег.",
        "amount_due": roubles(bill.amount_due),
        "lines": [{"description": printable(line.description), "amount": roubles(line.amount)} for line in bill.lines],
        "charges_total": roubles(bill.charges_total),
        "summary": _summary(bill),
        "requisites": _requisites(branch.payee, bill),
        "qr_alt": f"QR-код для оплаты: {roubles(bill.amount_due)}, лицевой счёт {printable(bill.account.number)}",
        "notes": _notes(is_due),
    }


def data_of(bill: BillContent, /) -> dict[str, Any]:
    """Return the bill as data, in kopecks and RFC 3339, as it is attached to the PDF."""
    return {
        "schema": "kabinet.customer_bill.v1",
        "bill_number": bill.bill_number,
        "revision": bill.revision,
        "region": bill.account.region,
        "account_number": bill.account.number,
        "period_start": bill.period_start.isoformat(),
        "period_end": bill.period_end.isoformat(),
        "issued_at": to_rfc3339(to_milliseconds(bill.issued_at)),
        "due_date": bill.due_date.isoformat(),
        "payer": {"name": bill.payer_name, "address": bill.payer_address},
        "lines": [{"description": line.description, "amount": line.amount.as_mapping()} for line in bill.lines],
        "opening_balance": bill.opening_balance.as_mapping(),
        "charges_total": bill.charges_total.as_mapping(),
        "payments_received": bill.payments_received.as_mapping(),
        "closing_balance": bill.closing_balance.as_mapping(),
        "amount_due": bill.amount_due.as_mapping(),
    }


def printable(text: str, /) -> str:
    """Return one line that the embedded font can show and that breaks to fit its column."""
    composed = unicodedata.normalize("NFC", text)  # й as и and a breve has no glyph of its own
    line = " ".join("".join(_shown(character) for character in composed).split())
    shortened = line if len(line) <= _LONGEST_TEXT else f"{line[:_LONGEST_TEXT]}…"
    return re.sub(rf"(\S{{{_LONGEST_WORD}}})(?=\S)", rf"\1{_BREAK}", shortened)


def roubles(money: Money, /) -> str:
    """Return `1 234,56 ₽`, with spaces that do not break."""
    whole, kopecks = divmod(abs(money.amount_minor), 100)
    grouped = f"{whole:,}".replace(",", _NBSP)
    sign = _MINUS if money.amount_minor < 0 else ""
    return f"{sign}{grouped},{kopecks:02}{_NBSP}{'₽' if money.currency == RUB else money.currency}"


def _shown(character: str) -> str:
    if character.isspace() or not character.isprintable():
        return " "
    return "□" if _UNPRINTABLE.match(character) else character


def _summary(bill: BillContent) -> list[dict[str, str]]:
    opening, closing = bill.opening_balance, bill.closing_balance
    return [
        {"label": _balance_label(opening, "на начало периода"), "amount": roubles(_absolute(opening))},
        {"label": "Начислено за период", "amount": roubles(bill.charges_total)},
        {"label": "Поступило платежей за период", "amount": roubles(bill.payments_received)},
        {"label": _balance_label(closing, "на конец периода"), "amount": roubles(_absolute(closing))},
    ]


def _balance_label(balance: Money, when: str) -> str:
    if balance.amount_minor == 0:
        return f"Остаток {when}"
    return f"{'Деньги на счёте' if balance.is_positive else 'Долг'} {when}"


def _absolute(money: Money) -> Money:
    return -money if money.amount_minor < 0 else money


def _requisites(payee: Payee, bill: BillContent) -> list[dict[str, str]]:
    rows = [
        ("Получатель", payee.name),
        ("ИНН / КПП", f"{payee.inn} / {payee.kpp}"),
        ("Расчётный счёт", payee.account),
        ("Банк", payee.bank),
        ("БИК", payee.bic),
        ("Корр. счёт", payee.correspondent_account),
        ("Назначение", f"Услуги связи, лицевой счёт {printable(bill.account.number)}"),
    ]
    return [{"label": label, "value": value} for label, value in rows]


def _notes(is_due: bool) -> list[str]:
    notes = ["Все счета, платежи и начисления, а также автоплатёж — в личном кабинете."]
    if is_due:
        notes.insert(0, "В личном кабинете счёт оплачивается банковской картой без комиссии.")
    return notes


def _month(day: date) -> str:
    return f"{_MONTHS[day.month - 1]} {day.year}{_NBSP}г."


def _day(day: date | datetime) -> str:
    return f"{day.day}{_NBSP}{_MONTHS_OF[day.month - 1]} {day.year}{_NBSP}г."


def _revision(revision: int) -> str:
    return f" (исправленный, редакция {revision})" if revision > 1 else ""
