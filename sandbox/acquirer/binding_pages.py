"""The payer's pages of a binding: card form, 3-D Secure code, back to the shop. Parses, calls, renders."""

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from sandbox.acquirer.binder import Binder
from sandbox.acquirer.binding import Binding, BindingStatus
from sandbox.acquirer.card_form import CardForm, CardRefused
from sandbox.acquirer.pages import page, typed_card


class BindingPages:
    """The routes under `/bind`."""

    def __init__(self, *, binder: Binder) -> None:
        self._binder = binder

    def blueprint(self) -> Blueprint:
        """Return the routes."""
        bind = Blueprint("bind", __name__, url_prefix="/bind", template_folder="templates")
        bind.get("/<payment_method_id>")(self.card_page)
        bind.post("/<payment_method_id>")(self.submit_card)
        bind.get("/<payment_method_id>/3ds")(self.code_page)
        bind.post("/<payment_method_id>/3ds")(self.enter_code)
        return bind

    def card_page(self, payment_method_id: str) -> BaseResponse:
        """Show the card form; once it is decided, lead back to the shop."""
        binding = self._binder.find(payment_method_id)
        if binding is None:
            return page("absent.html", status=404)
        return _form(binding) if binding.awaits_payer() else _onwards(binding)

    def submit_card(self, payment_method_id: str) -> BaseResponse:
        """Bind what was typed."""
        binding, form = self._binder.find(payment_method_id), typed_card()
        if binding is None:
            return page("absent.html", status=404)
        try:
            return _onwards(self._binder.submit_card(payment_method_id, form))
        except CardRefused as refusal:
            return _form(binding, form=form, refusal=refusal)

    def code_page(self, payment_method_id: str) -> BaseResponse:
        """Show the bank's question."""
        binding = self._binder.find(payment_method_id)
        if binding is None:
            return page("absent.html", status=404)
        return page("code.html", payment=binding, amount="0,00 ₽")

    def enter_code(self, payment_method_id: str) -> BaseResponse:
        """Answer it."""
        if self._binder.find(payment_method_id) is None:
            return page("absent.html", status=404)
        return _onwards(self._binder.enter_code(payment_method_id, request.form.get("code", "").strip()))


def _onwards(binding: Binding) -> BaseResponse:
    if binding.status is BindingStatus.PENDING and not binding.awaits_payer():
        return redirect(url_for("bind.code_page", payment_method_id=binding.payment_method_id), 303)
    return redirect(binding.return_url, 303)


def _form(binding: Binding, *, form: CardForm | None = None, refusal: CardRefused | None = None) -> BaseResponse:
    return page(
        "bind.html",
        status=422 if refusal else 200,
        binding=binding,
        expiry_month=form.expiry_month if form else "",
        expiry_year=form.expiry_year if form else "",
        refusal=refusal,
    )
