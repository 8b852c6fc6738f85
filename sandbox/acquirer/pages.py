"""The payer's pages: card form, 3-D Secure code, SBP and WebMoney, the end. Plain HTML that needs no script;
parses, calls, renders."""

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from sandbox.acquirer.card_form import CardForm, CardRefused
from sandbox.acquirer.cards import SUCCESS
from sandbox.acquirer.checkout import Checkout
from sandbox.acquirer.payment import Payment, Status


class Pages:
    """The routes under `/pay`."""

    def __init__(self, *, checkout: Checkout) -> None:
        self._checkout = checkout

    def blueprint(self) -> Blueprint:
        """Return the routes."""
        pay = Blueprint("pay", __name__, url_prefix="/pay", template_folder="templates")
        pay.get("/<payment_id>")(self.card_page)
        pay.post("/<payment_id>")(self.submit_card)
        pay.post("/<payment_id>/answer")(self.answer)
        pay.get("/<payment_id>/3ds")(self.code_page)
        pay.post("/<payment_id>/3ds")(self.enter_code)
        return pay

    def card_page(self, payment_id: str) -> BaseResponse:
        """Show the card form, or where the payment has got to."""
        payment = self._checkout.find(payment_id)
        if payment is None:
            return page("absent.html", status=404)
        if payment.awaits_payer():
            return _card_page(payment)
        if _awaits_code(payment):
            return redirect(url_for("pay.code_page", payment_id=payment_id), 303)
        return page("result.html", payment=payment, amount=_amount(payment))

    def submit_card(self, payment_id: str) -> BaseResponse:
        """Pay by what was typed."""
        payment = self._checkout.find(payment_id)
        if payment is None:
            return page("absent.html", status=404)
        form = typed_card()
        try:
            return _onwards(self._checkout.submit_card(payment_id, form))
        except CardRefused as refusal:
            return _card_page(payment, form=form, refusal=refusal)

    def answer(self, payment_id: str) -> BaseResponse:
        """Agree or refuse, as the payer does in the application of their bank or wallet."""
        if self._checkout.find(payment_id) is None:
            return page("absent.html", status=404)
        outcome = SUCCESS if request.form.get("answer") == "pay" else "general_decline"
        return _onwards(self._checkout.answer(payment_id, outcome=outcome))

    def code_page(self, payment_id: str) -> BaseResponse:
        """Show the bank's question."""
        payment = self._checkout.find(payment_id)
        if payment is None:
            return page("absent.html", status=404)
        if not _awaits_code(payment):
            return redirect(url_for("pay.card_page", payment_id=payment_id), 303)
        return page("code.html", payment=payment, amount=_amount(payment))

    def enter_code(self, payment_id: str) -> BaseResponse:
        """Answer it."""
        if self._checkout.find(payment_id) is None:
            return page("absent.html", status=404)
        return _onwards(self._checkout.enter_code(payment_id, request.form.get("code", "").strip()))


def typed_card() -> CardForm:
    """Return what the payer has typed."""
    return CardForm(
        number=request.form.get("number", ""),
        expiry_month=request.form.get("expiry_month", "").strip(),
        expiry_year=request.form.get("expiry_year", "").strip(),
        csc=request.form.get("csc", "").strip(),
    )


def _onwards(payment: Payment) -> BaseResponse:
    """Send the payer to the code, or back to the shop: paid, refused and undecided payments all end there."""
    if _awaits_code(payment):
        return redirect(url_for("pay.code_page", payment_id=payment.payment_id), 303)
    if payment.return_url is None or payment.awaits_payer():
        return redirect(url_for("pay.card_page", payment_id=payment.payment_id), 303)
    return redirect(payment.return_url, 303)


def _awaits_code(payment: Payment) -> bool:
    return (
        payment.status is Status.PENDING and payment.suspense is not None and payment.suspense.kind == "three_d_secure"
    )


def _card_page(payment: Payment, *, form: CardForm | None = None, refusal: CardRefused | None = None) -> Response:
    """Fill in again what is harmless; number and code have to be typed anew. Bank and wallet have a page of their
    own."""
    if payment.method_type != "bank_card":
        return page("other.html", payment=payment, amount=_amount(payment))
    return page(
        "card.html",
        status=422 if refusal else 200,
        payment=payment,
        amount=_amount(payment),
        expiry_month=form.expiry_month if form else "",
        expiry_year=form.expiry_year if form else "",
        refusal=refusal,
    )


def page(template: str, *, status: int = 200, **context: object) -> Response:
    """Return a page that runs nothing, loads nothing and is kept nowhere."""
    answer = make_response(render_template(template, **context), status)
    answer.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["Referrer-Policy"] = "no-referrer"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return answer


def _amount(payment: Payment) -> str:
    roubles, kopecks = divmod(payment.amount_minor, 100)
    return f"{roubles:,}".replace(",", "\N{NO-BREAK SPACE}") + f",{kopecks:02d}\N{NO-BREAK SPACE}₽"
