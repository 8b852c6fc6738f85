"""The PDF of a bill by typst: PDF/A-3a and PDF/UA-1, the same bytes for the same bill on every machine.

What a region wrote reaches the template as data only (`sys.inputs`), never as markup. Fonts are those that typst itself
brings; the creation time is the bill's issue.
"""

import json
from io import BytesIO
from pathlib import Path
from threading import Lock
from typing import Any

import segno
import typst

from services.chassis.clock import to_milliseconds
from services.documents.adapters.bill_view import data_of, view_of
from services.documents.domain.bill_content import BillContent
from services.documents.domain.branch import Branches
from services.documents.domain.payment_qr import payment_qr_text
from services.documents.domain.ports import StepFailed

_TEMPLATE = Path(__file__).resolve().parents[1] / "templates" / "bill.typ"
_STANDARDS: list[Any] = ["a-3a", "ua-1"]
_NO_QR = ""


class TypstBillRenderer:
    """Meets `BillRenderer`. The compiler is kept: it then parses template and fonts once."""

    def __init__(self, branches: Branches, /) -> None:
        self._branches = branches
        self._compiler = typst.Compiler(str(_TEMPLATE), root=str(_TEMPLATE.parent), ignore_system_fonts=True)
        self._lock = Lock()

    def render(self, bill: BillContent, /) -> bytes:
        branch = self._branches.of(bill.account.region)
        try:
            inputs = {
                "bill": _json(view_of(bill, branch=branch)),
                "data": _json(data_of(bill)),
                "qr": _qr_svg(payment_qr_text(payee=branch.payee, bill=bill)),
            }
            return self._compile(inputs, created_at_s=int(to_milliseconds(bill.issued_at).timestamp()))
        except (typst.TypstError, ValueError) as error:
            raise StepFailed("This bill cannot be drawn.", cause=type(error).__name__) from error

    def _compile(self, inputs: dict[str, str], *, created_at_s: int) -> bytes:
        with self._lock:  # one compiler holds one set of inputs
            pdf = self._compiler.compile(
                format="pdf", sys_inputs=inputs, pdf_standards=_STANDARDS, timestamp=created_at_s
            )
        assert isinstance(pdf, bytes), "one document makes one PDF"
        return pdf


def _json(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _qr_svg(text: str | None) -> str:
    """Error correction M, as the standard recommends for print."""
    if text is None:
        return _NO_QR
    drawing = BytesIO()
    code = segno.make_qr(text, error="m", boost_error=False, encoding="utf-8")
    code.save(drawing, kind="svg", border=2, xmldecl=False, svgns=True, nl=False, unit=None)
    return drawing.getvalue().decode()
