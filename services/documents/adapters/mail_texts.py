"""The words of our mails in Russian and English; how they are sent stands elsewhere."""

from dataclasses import dataclass

from services.documents.adapters.bill_view import printable, roubles
from services.documents.domain.bill_content import BillContent
from services.documents.domain.consent import Language

_LINK = {
    Language.RU: (
        "Подтвердите адрес для электронных счетов",
        """Здравствуйте!

Вы попросили присылать счета по лицевому счёту {number} на этот адрес.
Чтобы подтвердить, что адрес ваш, откройте ссылку:

{url}

Ссылка действует 7 дней. До подтверждения счета на этот адрес не приходят.

Если вы об этом не просили, ничего делать не нужно: без подтверждения мы писать сюда не будем.

Кабинет-Телеком
{public_url}
""",
    ),
    Language.EN: (
        "Confirm the address for your electronic bills",
        """Hello,

You asked to have the bills of account {number} sent to this address.
To confirm that the address is yours, open this link:

{url}

The link works for 7 days. No bills are sent to this address before that.

If you did not ask for this, there is nothing to do: without the confirmation we will not write here.

Kabinet-Telecom
{public_url}
""",
    ),
}

_BILL = {
    Language.RU: (
        "Счёт за {period}: {amount}, лицевой счёт {number}",
        """Здравствуйте!

Ваш счёт № {bill_number} за услуги связи — во вложении (PDF).

Лицевой счёт: {number}
Период: {period}
К оплате: {amount}
Срок оплаты: {due_date}

Оплатить без комиссии и посмотреть все счета можно в личном кабинете:
{public_url}

Отказаться от электронных счетов можно там же, в разделе «Доставка документов».

Кабинет-Телеком
""",
    ),
    Language.EN: (
        "Your bill for {period}: {amount}, account {number}",
        """Hello,

Your bill No. {bill_number} for communication services is attached (PDF, in Russian).

Account: {number}
Period: {period}
Amount due: {amount}
Due date: {due_date}

Pay without commission and see all your bills in the personal account:
{public_url}

Electronic bills can be stopped there too, under «Delivery of documents».

Kabinet-Telecom
""",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class MailText:
    """Subject and body of a mail."""

    subject: str
    body: str


def link_text(language: Language, /, *, number: str, url: str, public_url: str) -> MailText:
    """Return the mail with the link that proves an address."""
    subject, body = _LINK[language]
    return MailText(subject=subject, body=body.format(number=printable(number), url=url, public_url=public_url))


def bill_text(language: Language, /, *, bill: BillContent, public_url: str) -> MailText:
    """Return the mail that a bill is attached to."""
    subject, body = _BILL[language]
    values = {
        "number": printable(bill.account.number),
        "bill_number": printable(bill.bill_number),
        "period": f"{bill.period_start:%m.%Y}",
        "amount": roubles(bill.amount_due),
        "due_date": f"{bill.due_date:%d.%m.%Y}",
        "public_url": public_url,
    }
    return MailText(subject=subject.format(**values), body=body.format(**values))
