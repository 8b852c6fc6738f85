"""Codes to the contact of an account: a real region, a real mail server, real letters."""

import re
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import grpc
import pytest

from tests.sandbox.feed_receiver import FeedReceiver
from tests.sandbox.mail import mailed_codes, make_mailbox
from tests.sandbox.programs import Program
from tests.sandbox.regions import ADVANCE, CREDIT, Cabinet, Region, reason_of
from tests.support import eventually

_UNKNOWN = "5499999999"
_CONTACT = f"owner-{ADVANCE}@example.test"


@pytest.fixture
def mailbox(tmp_path: Path) -> Iterator[Program]:
    program = make_mailbox(tmp_path)
    program.start()
    yield program
    program.stop()


@pytest.fixture
def region(tmp_path: Path, feed: FeedReceiver, mailbox: Program) -> Iterator[Region]:
    """A running region that mails."""
    smtp = mailbox.environment["MAILBOX_SMTP_LISTEN"]
    region = Region(folder=tmp_path, feed=feed, SMTP_URL=f"smtp://{smtp}")
    region.program.start()
    yield region
    region.program.stop()


def _code(cabinet: Cabinet, mailbox: Program, *, at_least: int = 1) -> str:
    cabinet.ask_for_code(ADVANCE)
    return mailed_codes(mailbox, _CONTACT, at_least=at_least)[0]


def test_mails_a_code_to_the_owner_that_is_good_once(cabinet: Cabinet, mailbox: Program) -> None:
    code = _code(cabinet, mailbox)

    with ThreadPoolExecutor(8) as pool:
        redeemed = list(pool.map(lambda _: cabinet.redeems(ADVANCE, f" {code} "), range(4)))

    assert sorted(redeemed) == [False, False, False, True]


def test_takes_five_tries_and_none_of_another_claimant_s(cabinet: Cabinet, mailbox: Program) -> None:
    code = _code(cabinet, mailbox)
    for _ in range(7):
        assert not cabinet.redeems(ADVANCE, code, claimant="boris")
    assert cabinet.redeems(ADVANCE, code)

    code = _code(cabinet, mailbox, at_least=2)
    wrong = f"{(int(code) + 1) % 10_000_000:07d}"
    for _ in range(5):
        assert not cabinet.redeems(ADVANCE, wrong)

    assert not cabinet.redeems(ADVANCE, code)


def test_a_new_code_replaces_the_one_before(cabinet: Cabinet, mailbox: Program) -> None:
    first = _code(cabinet, mailbox)
    second = _code(cabinet, mailbox, at_least=2)

    assert first != second
    assert not cabinet.redeems(ADVANCE, first)
    assert cabinet.redeems(ADVANCE, second)


def test_a_code_ends_after_the_time_that_was_told(region: Region, cabinet: Cabinet, mailbox: Program) -> None:
    valid_for_s = cabinet.ask_for_code(ADVANCE)
    code = mailed_codes(mailbox, _CONTACT)[0]

    region.move_clock(seconds=valid_for_s + 1)

    assert valid_for_s == 600
    assert not cabinet.redeems(ADVANCE, code)


def test_says_nothing_about_which_numbers_there_are_and_writes_only_to_owners(
    region: Region, cabinet: Cabinet, mailbox: Program
) -> None:
    region.control(f"accounts/{CREDIT}/closing", {})

    told = {cabinet.ask_for_code(number) for number in (_UNKNOWN, CREDIT, ADVANCE)}
    mailed_codes(mailbox, _CONTACT)  # the last that was asked for has left: the others would have left before

    assert told == {600}
    assert len(list(Path(mailbox.environment["MAILBOX_FOLDER"]).rglob("*.eml"))) == 1


@pytest.mark.parametrize("number", [ADVANCE, _UNKNOWN])
def test_sends_five_codes_an_hour_and_refuses_alike_for_every_number(
    region: Region, cabinet: Cabinet, number: str
) -> None:
    for _ in range(5):
        cabinet.ask_for_code(number)

    with pytest.raises(grpc.RpcError) as error:
        cabinet.ask_for_code(number)

    assert reason_of(error) == "TOO_MANY_CODES"
    assert cabinet.ask_for_code(number, claimant="boris")
    region.move_clock(hours=1, seconds=1)
    assert cabinet.ask_for_code(number)


def test_codes_outlive_a_kill_and_letters_a_mail_server_that_is_away(
    region: Region, cabinet: Cabinet, mailbox: Program
) -> None:
    mailbox.stop()
    cabinet.ask_for_code(ADVANCE)
    region.program.kill()
    region.program.start()
    eventually(lambda: "mail not taken" in region.program.log_file.read_text(), timeout_s=60)
    mailbox.start()

    (code,) = set(mailed_codes(mailbox, _CONTACT))

    assert cabinet.redeems(ADVANCE, code)
    assert not _holds(region.program.log_file.read_text(), code)


def test_no_code_stands_in_the_books(region: Region, cabinet: Cabinet, mailbox: Program) -> None:
    code = _code(cabinet, mailbox)

    values = _values_of(Path(region.program.environment["REGION_DATABASE"]))

    assert "anna" in values
    assert not [value for value in values if _holds(value, code)]


def _values_of(books: Path) -> list[str]:
    """Return every value of every row."""
    with closing(sqlite3.connect(books)) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        rows = [row for table in tables for row in connection.execute(f"SELECT * FROM {table}")]
    return [value.decode(errors="replace") if isinstance(value, bytes) else str(value) for row in rows for value in row]


def _holds(text: str, code: str) -> bool:
    """Tell whether a code stands there as a number of its own: its digits may be within a longer one by chance."""
    return bool(re.search(rf"(?<!\d){code}(?!\d)", text))
