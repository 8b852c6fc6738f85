"""The kit passes the reference region, and finds each adapter bug by the rule that it breaks and by no other."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest

from kabinet_conformance.examination import Finding, Outcome, examine
from kabinet_conformance.target import Target
from tests.conformance import bugs, code_bugs, period_bugs, posting_bugs
from tests.conformance.conftest import StartRegion
from tests.conformance.region_server import Bug, RunningRegion
from tests.support import eventually

_ACCESS = {"RB-01", "RB-02", "RB-03", "RB-04", "RB-05", "RB-06"}
_PACE = "RB-70"
# Whether a call with a deadline of milliseconds arrives, and whether forty readings keep within a second, is up to the
# machine, so what they find may be found or not.
_BY_CHANCE = {"RB-51", _PACE}

_CAUGHT = [
    (bugs.posts_again, {"RB-41", "RB-42", "RB-44", "RB-45"}),
    (bugs.looks_before_it_inserts, {"RB-42"}),
    (bugs.rounds_to_roubles, {"RB-40", "RB-46"}),
    (bugs.takes_another_sum_for_a_repeat, {"RB-44"}),
    (bugs.fails_on_unknown_postings, {"RB-01", "RB-47", "RB-50"}),
    (bugs.forgets_postings, {"RB-46"}),
    (posting_bugs.counts_the_page_only, {"RB-81"}),
    (posting_bugs.takes_the_end_in, {"RB-82"}),
    (posting_bugs.lists_every_channel, {"RB-83"}),
    (bugs.leaves_out_the_currency, {"RB-20"}),
    (bugs.takes_local_time_for_utc, {"RB-21"}),
    (bugs.repeats_a_row_on_the_next_page, {"RB-30", "RB-38"}),
    (bugs.pages_by_offset, {"RB-32"}),
    (bugs.shows_the_first_page_for_garbage, {"RB-34"}),
    (period_bugs.ignores_periods, {"RB-37"}),
    (period_bugs.takes_the_end_in, {"RB-37"}),
    (period_bugs.leaves_the_beginning_out, {"RB-37"}),
    (period_bugs.forgets_the_period_after_the_first_page, {"RB-38"}),
    (period_bugs.forgets_when_its_books_were_begun, {"RB-39"}),
    (bugs.tells_which_numbers_exist, {"RB-01", "RB-11", "RB-16"}),
    (bugs.takes_longer_for_known_numbers, {"RB-12"}),
    (code_bugs.sends_no_code_to_unknown_numbers_and_says_so, {"RB-14"}),
    (code_bugs.mails_before_it_answers, {"RB-15"}),
    (code_bugs.takes_any_code_where_none_was_sent, {"RB-16", "RB-17"}),
    (code_bugs.takes_a_code_twice, {"RB-17"}),
    (bugs.gives_another_reason, {"RB-65"}),
    (bugs.refuses_to_take_back_twice, {"RO-08"}),
    (bugs.sells_to_closed_accounts, {"RO-16"}),
    (bugs.promises_to_everybody, {"RO-22"}),
]


def _failed(findings: list[Finding]) -> set[str]:
    return {finding.rule.rule_id for finding in findings if finding.outcome is Outcome.FAILED}


def test_passes_the_reference_region_in_every_rule(region: RunningRegion) -> None:
    findings = list(examine(region.target))

    imperfect = [finding for finding in findings if finding.outcome is not Outcome.PASSED]
    assert [finding for finding in imperfect if finding.rule.rule_id != _PACE] == []
    assert len({finding.rule.rule_id for finding in findings}) == len(findings) > 50


def test_passes_the_reference_region_in_the_pace_of_its_answers(region: RunningRegion) -> None:
    eventually(lambda: [finding.outcome for finding in examine(region.target, only=[_PACE])] == [Outcome.PASSED])


@pytest.mark.parametrize(("bug", "broken"), _CAUGHT, ids=[bug.__name__ for bug, _ in _CAUGHT])
def test_catches(start: StartRegion, bug: Callable[[], Mapping[str, Bug]], broken: set[str]) -> None:
    region = start(bug())

    failed = _failed(list(examine(region.target)))

    assert failed - _BY_CHANCE == broken


def test_catches_a_region_that_answers_too_late_now_and_then(start: StartRegion) -> None:
    region = start(bugs.answers_every_fifth_reading_late())

    assert _failed(list(examine(region.target, only=[_PACE]))) == {_PACE}


def test_catches_a_region_that_lets_everybody_in(start: StartRegion) -> None:
    switched_on_later: dict[str, Bug] = {}  # its token needs the region's key, which is made at the start
    region = start(switched_on_later)
    switched_on_later |= bugs.lets_everybody_in(region.target)

    assert _failed(list(examine(region.target, only=["RB"]))) - _BY_CHANCE == _ACCESS


def test_catches_a_region_that_lets_codes_be_guessed(start: StartRegion) -> None:
    switched_on_later: dict[str, Bug] = {}  # what is wrong it knows by the region's own letters
    region = start(switched_on_later)
    switched_on_later |= code_bugs.counts_no_tries(region.target)

    assert _failed(list(examine(region.target, only=["RB-1"]))) == {"RB-18"}


@pytest.mark.parametrize(
    ("profile", "broken"),
    [
        ("cp1251", {"RB-25"}),
        ("stale", {"RB-21"}),
        ("half_written", {"RB-22", "RB-25"}),
        ("clock_ahead", {"RB-21", "RB-35", "RB-36", "RB-40", "RB-60"}),
        ("without_deduplication", {"RB-41", "RB-42", "RB-44", "RB-45"}),
    ],
)
def test_catches_the_habits_of_a_bad_billing_system(region: RunningRegion, profile: str, broken: set[str]) -> None:
    region.profiles.turn_on(profile)

    assert broken <= _failed(list(examine(region.target, only=["RB"])))


def test_skips_what_it_is_not_given_and_what_the_region_does_not_offer(start: StartRegion) -> None:
    region = start(bugs.offers_no_ordering())

    findings = list(examine(region.target))

    skipped = {finding.rule.rule_id for finding in findings if finding.outcome is Outcome.SKIPPED}
    assert skipped == {finding.rule.rule_id for finding in findings if finding.rule.rule_id.startswith("RO")}
    assert _failed(findings) - _BY_CHANCE == set()


def test_skips_the_postings_of_a_region_that_does_not_list_them(start: StartRegion) -> None:
    region = start(posting_bugs.lists_no_postings())

    findings = list(examine(region.target, only=["RB-0", "RB-8"]))

    skipped = {finding.rule.rule_id for finding in findings if finding.outcome is Outcome.SKIPPED}
    assert skipped == {"RB-80", "RB-81", "RB-82", "RB-83", "RB-84"}
    assert _failed(findings) == set()


def test_skips_codes_where_the_region_sends_none_or_nobody_reads_them(start: StartRegion) -> None:
    silent, sending = start(code_bugs.sends_no_codes()), start({})
    unread = replace(sending.target, read_code=None)

    def skipped(target: Target) -> set[str]:
        findings = examine(target, only=["RB-1"])
        return {finding.rule.rule_id for finding in findings if finding.outcome is Outcome.SKIPPED}

    assert skipped(silent.target) == {"RB-14", "RB-15", "RB-16", "RB-17", "RB-18"}
    assert skipped(unread) == {"RB-17", "RB-18"}
