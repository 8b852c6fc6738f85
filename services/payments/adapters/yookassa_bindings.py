"""Cards kept without a payment by YooKassa's API: zero-sum binding of a bank card on its own page."""

from collections.abc import Mapping
from typing import Any

from yookassa.domain.request import SavePaymentMethodRequestFactory

from services.payments.adapters.yookassa_card import saved_card_of
from services.payments.adapters.yookassa_client import YookassaClient
from services.payments.adapters.yookassa_reading import read, text_of
from services.payments.domain.acquirer import AcquirerBinding, BindingAnswer, BindingStatus, Busy, Refused, Silence


class YookassaCardBinder:
    """See CardBinder. https://yookassa.ru/developers/payment-acceptance/scenario-extensions/recurring-payments"""

    def __init__(self, client: YookassaClient, /) -> None:
        self._client = client

    def bind(self, *, idempotence_key: str, payment_method_id: str, return_url: str, timeout_s: float) -> BindingAnswer:
        body = {
            "type": "bank_card",
            "confirmation": {"type": "redirect", "return_url": return_url},
            "metadata": {"payment_method_id": payment_method_id},
        }
        answer = self._client.call(
            "POST",
            "/payment_methods",
            timeout_s=timeout_s,
            body=SavePaymentMethodRequestFactory().create(body, "request"),
            idempotence_key=idempotence_key,
        )
        return _binding_answer(answer)

    def get_binding(self, acquirer_method_id: str, /, *, timeout_s: float) -> BindingAnswer:
        """A refusal to show it says nothing about the card."""
        answer = self._client.call("GET", f"/payment_methods/{acquirer_method_id}", timeout_s=timeout_s)
        return Silence() if isinstance(answer, Refused) else _binding_answer(answer)


def _binding_answer(answer: dict[str, Any] | Refused | Busy | Silence) -> BindingAnswer:
    return read(answer, _to_binding) if isinstance(answer, dict) else answer


def _to_binding(document: Mapping[str, Any]) -> AcquirerBinding:
    return AcquirerBinding(
        acquirer_method_id=text_of(document["id"]),
        payment_method_id=str((document.get("metadata") or {}).get("payment_method_id", "")),
        status=BindingStatus(document["status"]),
        confirmation_url=(document.get("confirmation") or {}).get("confirmation_url", ""),
        card=saved_card_of(document),
    )
