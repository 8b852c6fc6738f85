"""The PDF: what it shows, what it carries, that nobody's words become markup, and that it is always the same bytes."""

import json
import re
import subprocess
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import services.documents.config
from services.chassis.money import Money
from services.documents.adapters.bill_view import printable, roubles, view_of
from services.documents.adapters.branch_file import load_branches
from services.documents.adapters.typst_renderer import TypstBillRenderer
from services.documents.domain.bill_content import BillContent, BillLine
from tests.documents.builders import make_content

BRANCHES = load_branches(Path(services.documents.config.__file__).parent / "branches.json")
RENDERER = TypstBillRenderer(BRANCHES)


def text_of(pdf: bytes, folder: Path) -> str:
    """Return the text as a reader would copy it, spaces levelled."""
    (folder / "bill.pdf").write_bytes(pdf)
    done = subprocess.run(["pdftotext", "-layout", folder / "bill.pdf", "-"], capture_output=True, check=True)
    return re.sub(r"[\s\u200b]+", " ", done.stdout.decode())


def attachment_of(pdf: bytes, folder: Path) -> dict[str, object]:
    (folder / "bill.pdf").write_bytes(pdf)
    command = ["pdfdetach", "-savefile", "bill.json", "-o", str(folder / "bill.json"), str(folder / "bill.pdf")]
    subprocess.run(command, capture_output=True, check=True)
    data: dict[str, object] = json.loads((folder / "bill.json").read_text())
    return data


def test_shows_payer_account_lines_sum_and_due_date(tmp_path: Path) -> None:
    text = text_of(RENDERER.render(make_content()), tmp_path)

    for words in [
        "Счёт за октябрь 2026 г.",
        "№ 54-2026-10-000123 от 1 ноября 2026 г.",  # 20:15 UTC is next day in Novosibirsk
        "Иванова Мария Сергеевна",
        "630099, г. Новосибирск, ул. Ленина, д. 12, кв. 34",
        "540000123456",
        "Домашний интернет «Игровой» 650,00 ₽",
        "Скидка за комплект −150,00 ₽",
        "Долг на начало периода 450,00 ₽",
        "Поступило платежей за период 450,00 ₽",
        "К оплате 820,00 ₽",
        "20 ноября 2026 г.",
        "Сибирский филиал",
        "Оплата по QR-коду",
    ]:
        assert words in text


def test_says_that_nothing_is_to_be_paid_and_draws_no_code(tmp_path: Path) -> None:
    text = text_of(RENDERER.render(make_content(amount_due=Money(0), opening_balance=Money(100000))), tmp_path)

    assert "Платить не нужно" in text
    assert "QR" not in text


def test_carries_its_lines_as_data(tmp_path: Path) -> None:
    data = attachment_of(RENDERER.render(make_content()), tmp_path)

    assert data["amount_due"] == {"amount_minor": 82000, "currency": "RUB"}
    assert data["lines"] == [
        {"description": line.description, "amount": line.amount.as_mapping()} for line in make_content().lines
    ]
    assert data["due_date"] == "2026-11-20"


def test_is_an_accessible_pdf_for_archives() -> None:
    pdf = RENDERER.render(make_content())

    assert b"<pdfaid:part>3</pdfaid:part>" in pdf
    assert b"<pdfaid:conformance>A</pdfaid:conformance>" in pdf
    assert b"<pdfuaid:part>1</pdfuaid:part>" in pdf


def test_renders_the_same_bill_to_the_same_bytes() -> None:
    first = RENDERER.render(make_content())
    RENDERER.render(make_content(bill_number="another"))

    assert RENDERER.render(make_content()) == first
    assert TypstBillRenderer(BRANCHES).render(make_content()) == first


@pytest.mark.parametrize(
    "words",
    [
        '#read("/etc/passwd")',
        "#pagebreak() *bold* _thin_ $x^2$ `raw` @ref <label>",
        "<script>alert(1)</script> & &amp; \"quoted\" 'single'",
        "= Heading // comment /* block */ \\ # [ ] { }",
        '"), panic("',
        "Кузнецов-Оглы Ё. №1 «кавычки» — тире",
    ],
)
def test_shows_anybodys_words_as_they_are_and_never_as_markup(words: str, tmp_path: Path) -> None:
    bill = make_content(payer_name=words, lines=(BillLine(description=words, amount=Money(100)),))

    text = text_of(RENDERER.render(bill), tmp_path)

    assert text.count(words) == 2


def test_breaks_a_name_without_spaces_and_shortens_one_without_end(tmp_path: Path) -> None:
    bill = make_content(payer_name="Ж" * 5000)

    text = text_of(RENDERER.render(bill), tmp_path).replace(" ", "")

    assert "Ж" * 30 in text
    assert "Адрес" in text


def test_runs_over_as_many_pages_as_it_needs(tmp_path: Path) -> None:
    lines = tuple(BillLine(description=f"Услуга {number}", amount=Money(100)) for number in range(200))

    text = text_of(RENDERER.render(make_content(lines=lines)), tmp_path)

    assert "Услуга 199 1,00 ₽" in text
    assert "Страница 5 из" in text


@settings(max_examples=25)
@given(name=st.text(max_size=60), line=st.text(max_size=60))
def test_can_draw_whatever_characters_there_are(name: str, line: str) -> None:
    """PDF/A refuses a character that the font lacks: it must have been replaced before."""
    bill = make_content(payer_name=name, lines=(BillLine(description=line, amount=Money(1)),))

    assert RENDERER.render(bill).startswith(b"%PDF")


def test_can_draw_every_character_that_it_does_not_replace() -> None:
    shown = [chr(code) for code in range(0x10000) if printable(chr(code)) == chr(code)]
    lines = [" ".join(shown[start : start + 100]) for start in range(0, len(shown), 100)]

    pdf = RENDERER.render(make_content(lines=tuple(BillLine(description=line, amount=Money(1)) for line in lines)))

    assert pdf.startswith(b"%PDF")
    assert {*"Ёё№«»—₽"} <= {*shown}
    assert not {*shown} & {*"\u0500\u0524\u2041\u2043\u2053"}


def test_composes_letters_that_came_in_parts() -> None:
    assert printable(unicodedata.normalize("NFD", "Сергей Зуёв")) == "Сергей Зуёв"


@pytest.mark.parametrize(
    ("kopecks", "shown"),
    [(0, "0,00 ₽"), (5, "0,05 ₽"), (123456789, "1 234 567,89 ₽"), (-15000, "−150,00 ₽"), (-1, "−0,01 ₽")],
)
def test_writes_sums_the_russian_way(kopecks: int, shown: str) -> None:
    assert roubles(Money(kopecks)).replace("\N{NO-BREAK SPACE}", " ") == shown


def test_makes_one_line_of_what_holds_line_breaks_and_direction_marks() -> None:
    assert printable("a\r\nb\t\u202ec\u0000d 漢") == "a b c d □"


@given(opening=st.integers(-(10**9), 10**9), paid=st.integers(0, 10**9), billed=st.lists(st.integers(-(10**6), 10**6)))
def test_adds_up_line_by_line(opening: int, paid: int, billed: list[int]) -> None:
    bill: BillContent = make_content(
        opening_balance=Money(opening),
        payments_received=Money(paid),
        lines=tuple(BillLine(description="x", amount=Money(kopecks)) for kopecks in billed),
    )

    view = view_of(bill, branch=BRANCHES.default)

    assert bill.closing_balance == Money(opening - sum(billed) + paid)
    assert view["charges_total"] == roubles(Money(sum(billed)))
