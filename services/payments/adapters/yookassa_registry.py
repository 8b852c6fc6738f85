"""YooKassa's lists of payments and refunds as the acquirer's registry, page by page."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from services.chassis.events import to_rfc3339
from services.chassis.money import RUB, Money
from services.payments.adapters.yookassa_amount import from_amount
from services.payments.adapters.yookassa_client import YookassaClient
from services.payments.adapters.yookassa_reading import moment_of, our_id, read, text_of
from services.payments.domain.acquirer import Busy, Refused, Silence
from services.payments.domain.reconciliation_ports import RegistryImplausible, RegistryUnavailable
from services.payments.domain.registry import Charge, Period, RegistryRefund

# https://yookassa.ru/developers/using-api/lists: at most 100 a page, newest first, of the last three years.
_PAGE = "100"
_TAKEN = "succeeded"

Row = TypeVar("Row")


class YookassaRegistry:
    """See AcquirerRegistry."""

    def __init__(self, client: YookassaClient, /, *, timeout_s: float) -> None:
        """Each call ends within `timeout_s` or so."""
        self._client = client
        self._timeout_s = timeout_s

    def charges(self, period: Period, /) -> Iterator[Charge]:
        return self._rows("/payments", _within("captured_at", period) | {"status": _TAKEN}, _to_charge)

    def refunds(self, period: Period, /) -> Iterator[RegistryRefund]:
        return self._rows("/refunds", _within("created_at", period) | {"status": _TAKEN}, _to_refund)

    def charge(self, acquirer_payment_id: str, /) -> Charge | None:
        """A payment that there is not is refused by that word; any other refusal says nothing about it."""
        answer = self._client.call("GET", f"/payments/{acquirer_payment_id}", timeout_s=self._timeout_s)
        if isinstance(answer, Refused) and answer.code == "not_found":
            return None
        document = _answered(answer)
        return _understood(document, _to_charge) if document.get("status") == _TAKEN else None

    def find_charge(self, payment_id: str, /, *, started: Period) -> Charge | None:
        """Go through the list: the API cannot search by metadata."""
        rows = self._rows("/payments", _within("created_at", started) | {"status": _TAKEN}, _to_charge)
        return next((charge for charge in rows if charge.payment_id == payment_id), None)

    def refunds_of(self, acquirer_payment_id: str, /) -> Sequence[RegistryRefund]:
        return list(self._rows("/refunds", {"payment_id": acquirer_payment_id, "status": _TAKEN}, _to_refund))

    def _rows(self, path: str, query: dict[str, str], to_row: Callable[[Mapping[str, Any]], Row]) -> Iterator[Row]:
        seen: set[str] = set()
        query = query | {"limit": _PAGE}
        while True:
            page = _answered(self._client.call("GET", path, timeout_s=self._timeout_s, query=query))
            for item in page.get("items", []):
                if item.get("status") != _TAKEN:
                    raise RegistryImplausible("its list has what was not asked for")
                yield _understood(item, to_row)
            cursor = page.get("next_cursor")
            if not cursor:
                return
            if cursor in seen:
                raise RegistryImplausible("its list leads back to where it was")
            seen.add(cursor)
            query = query | {"cursor": cursor}


def _within(field: str, period: Period) -> dict[str, str]:
    return {f"{field}.gte": to_rfc3339(period.begins_at), f"{field}.lt": to_rfc3339(period.ends_at)}


def _answered(answer: dict[str, Any] | Refused | Busy | Silence) -> dict[str, Any]:
    match answer:
        case Refused(code=code):
            raise RegistryUnavailable(f"the acquirer refuses: {code}")
        case Busy():
            raise RegistryUnavailable("the acquirer is busy")
        case Silence():
            raise RegistryUnavailable("the acquirer does not answer")
        case _:
            return answer


def _understood(document: Mapping[str, Any], to_row: Callable[[Mapping[str, Any]], Row]) -> Row:
    row = read(document, to_row)
    if isinstance(row, Silence):
        raise RegistryImplausible("its list has a row that cannot be understood")
    return row


def _to_charge(document: Mapping[str, Any]) -> Charge:
    amount = _roubles(document["amount"])
    refunded = document.get("refunded_amount")
    return Charge(
        acquirer_payment_id=text_of(document["id"]),
        payment_id=our_id(document, "payment_id"),
        amount=amount,
        refunded=_roubles(refunded) if refunded else Money.zero(),
        captured_at=moment_of(document["captured_at"]),
    )


def _to_refund(document: Mapping[str, Any]) -> RegistryRefund:
    return RegistryRefund(
        acquirer_refund_id=text_of(document["id"]),
        acquirer_payment_id=text_of(document["payment_id"]),
        refund_id=our_id(document, "refund_id"),
        amount=_roubles(document["amount"]),
        created_at=moment_of(document["created_at"]),
    )


def _roubles(amount: Mapping[str, Any]) -> Money:
    """Return a sum in the one currency that is charged here. Raises ValueError for another."""
    money = from_amount(amount)
    if money.currency != RUB:
        raise ValueError("not in roubles")
    return money
