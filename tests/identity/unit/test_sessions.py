"""Logging in, refreshing, ending: the rules that do not need a server."""

from datetime import timedelta

import pytest

from services.chassis.errors import TooManyAttempts
from services.identity.application.create_session import CredentialsWrong
from services.identity.application.open_session import Tokens
from services.identity.domain.login import LoginIsRegional
from services.identity.domain.session import MOST_OPEN, SessionEnded, SessionNotFound
from tests.identity.builders import PASSWORD, make_rates, make_session
from tests.identity.office import Office


def _log_in(office: Office, *, login: str = "anna.petrova", password: str = PASSWORD, ip: str = "192.0.2.7") -> Tokens:
    return office.create_session(login=login, password=password, ip_address=ip, user_agent="a browser")


def test_unknown_login_and_wrong_password_are_one_answer_for_the_same_work() -> None:
    office = Office()
    office.register()

    answers, work = set(), []
    for login, password in (("anna.petrova", "wrong password"), ("nobody.here", PASSWORD), ("?", PASSWORD)):
        before = office.hasher.work
        with pytest.raises(CredentialsWrong) as refused:
            _log_in(office, login=login, password=password)
        answers.add((str(refused.value), tuple(refused.value.metadata)))
        work.append(office.hasher.work - before)

    assert len(answers) == 1
    assert work == [1, 1, 1]


def test_a_regional_login_is_refused_before_any_look_up_or_count() -> None:
    office = Office()

    with pytest.raises(LoginIsRegional):
        _log_in(office, login="77-123456")

    assert (office.hasher.work, office.throttle.hits) == (0, {})


def test_renews_a_hash_of_other_parameters_and_ends_no_session_for_it() -> None:
    office = Office()
    office.register()
    session_id = _log_in(office).session_id
    office.hasher.parameters = "v2"

    _log_in(office)

    subscriber = office.get_profile(session_id=session_id)
    assert subscriber.password_hash == f"v2:{PASSWORD}"


def test_shuts_an_address_out_that_guesses_and_nobody_else() -> None:
    office = Office()
    office.register()
    for _ in range(5):
        with pytest.raises(CredentialsWrong):
            _log_in(office, password="wrong password", ip="203.0.113.9")

    with pytest.raises(TooManyAttempts):
        _log_in(office, ip="203.0.113.9")

    _log_in(office, ip="192.0.2.7")


def test_an_attack_from_everywhere_leaves_the_owner_some_tries_from_wherever() -> None:
    office = Office(rates=make_rates(login_per_login="10/hour"))
    office.register()
    for number in range(50):
        with pytest.raises(CredentialsWrong):
            _log_in(office, password="wrong password", ip=f"203.0.113.{number}")
    evaluated = 0
    for _ in range(5):
        with pytest.raises((CredentialsWrong, TooManyAttempts)) as refused:
            _log_in(office, password="wrong password", ip="203.0.113.200")
        evaluated += isinstance(refused.value, CredentialsWrong)

    assert evaluated == 2
    assert _log_in(office, ip="192.0.2.7").session_id


def test_of_ten_thousand_pairs_from_one_address_one_in_a_hundred_is_looked_at() -> None:
    office = Office(rates=make_rates(login_per_address="60/hour"))
    office.register()

    for number in range(10_000):
        with pytest.raises((CredentialsWrong, TooManyAttempts)):
            _log_in(office, login=f"login.{number}", password="wrong password", ip="2001:db8::1")

    assert office.hasher.work <= 100
    assert _log_in(office, ip="192.0.2.7").session_id


def test_neighbours_in_one_ipv6_network_are_one_address() -> None:
    office = Office()
    office.register()
    for number in range(5):
        with pytest.raises(CredentialsWrong):
            _log_in(office, password="wrong password", ip=f"2001:db8::{number}")

    with pytest.raises(TooManyAttempts):
        _log_in(office, ip="2001:db8::ffff")


def test_finding_the_password_in_the_end_starts_the_count_anew() -> None:
    office = Office()
    office.register()
    for _ in range(3):
        for _ in range(4):
            with pytest.raises(CredentialsWrong):
                _log_in(office, password="wrong password")
        _log_in(office)


def test_the_counters_know_nobody_by_name() -> None:
    office = Office()
    office.register()
    _log_in(office)

    with pytest.raises(CredentialsWrong):
        _log_in(office, password="wrong password")

    assert office.throttle.hits
    assert not any("anna" in part or "192.0.2" in part for key in office.throttle.hits for part in key)


def test_a_refresh_gives_the_next_token_and_uses_the_old_one_up() -> None:
    office = Office()
    office.register()
    first = _log_in(office)

    second = office.refresh_session(first.refresh_token)
    office.clock.move(timedelta(seconds=11))
    third = office.refresh_session(second.refresh_token)

    assert len({first.refresh_token, second.refresh_token, third.refresh_token}) == 3
    assert first.session_id == third.session_id


def test_a_token_that_comes_back_ends_the_session_for_thief_and_owner() -> None:
    office = Office()
    office.register()
    first = _log_in(office)
    second = office.refresh_session(first.refresh_token)
    office.clock.move(timedelta(seconds=11))

    for token in (first.refresh_token, second.refresh_token):
        with pytest.raises(SessionEnded):
            office.refresh_session(token)
    with pytest.raises(SessionEnded):
        office.get_profile(session_id=first.session_id)


def test_the_one_before_the_preceding_ends_the_session_even_within_the_grace() -> None:
    office = Office()
    office.register()
    first = _log_in(office)
    third = office.refresh_session(office.refresh_session(first.refresh_token).refresh_token)

    with pytest.raises(SessionEnded):
        office.refresh_session(first.refresh_token)
    with pytest.raises(SessionEnded):
        office.refresh_session(third.refresh_token)


def test_within_the_grace_the_preceding_token_gives_the_same_successor() -> None:
    office = Office()
    office.register()
    first = _log_in(office)

    answers = [office.refresh_session(first.refresh_token).refresh_token for _ in range(3)]

    assert len(set(answers)) == 1
    assert office.refresh_session(answers[0]).session_id == first.session_id


def test_a_forged_token_ends_nobody_s_session() -> None:
    office = Office()
    office.register()
    tokens = _log_in(office)
    forged = tokens.refresh_token[:-2] + ("AA" if tokens.refresh_token[-2:] != "AA" else "BA")

    with pytest.raises(SessionEnded):
        office.refresh_session(forged)

    assert office.refresh_session(tokens.refresh_token).session_id == tokens.session_id


def test_an_idle_session_is_over() -> None:
    office = Office()
    office.register()
    tokens = _log_in(office)
    office.clock.move(timedelta(days=30))

    with pytest.raises(SessionEnded):
        office.refresh_session(tokens.refresh_token)


def test_lists_open_sessions_newest_first_and_ends_one() -> None:
    office = Office()
    subscriber = office.register()
    first = _log_in(office)
    office.clock.move(timedelta(minutes=1))
    second = _log_in(office)

    assert [each.session_id for each in office.list_sessions(session_id=first.session_id)] == [
        second.session_id,
        first.session_id,
    ]
    office.end_session(second.session_id, subscriber_id=subscriber.subscriber_id, session_id=first.session_id)
    assert [each.session_id for each in office.list_sessions(session_id=first.session_id)] == [first.session_id]


def _log_in_as_often_as_is_kept(office: Office) -> Tokens:
    """Return the tokens of the first of a hundred sessions."""
    first = _log_in(office)
    for number in range(1, MOST_OPEN):
        office.clock.move(timedelta(minutes=1))
        _log_in(office, ip=f"203.0.113.{number}")
    return first


def test_lists_every_session_that_can_be_open() -> None:
    office = Office(rates=make_rates(login_per_login="1000/hour", login_per_address="1000/hour"))
    office.register()
    first = _log_in_as_often_as_is_kept(office)

    listed = office.list_sessions(session_id=first.session_id)

    assert len(listed) == MOST_OPEN
    assert listed[-1].session_id == first.session_id


def test_the_oldest_session_ends_when_one_too_many_is_opened() -> None:
    office = Office(rates=make_rates(login_per_login="1000/hour", login_per_address="1000/hour"))
    office.register()
    first = _log_in_as_often_as_is_kept(office)
    office.clock.move(timedelta(minutes=1))

    newest = _log_in(office)

    with pytest.raises(SessionEnded):
        office.refresh_session(first.refresh_token)
    listed = office.list_sessions(session_id=newest.session_id)
    assert (len(listed), listed[0].session_id) == (MOST_OPEN, newest.session_id)


def test_lists_the_session_that_asks_although_there_are_a_hundred_newer_ones_from_before_they_were_limited() -> None:
    office = Office()
    subscriber = office.register()
    first = _log_in(office)
    for number in range(1, MOST_OPEN + 1):
        later = office.clock.now() + timedelta(minutes=number)
        office.sessions.save(make_session(subscriber_id=subscriber.subscriber_id, now=later))

    listed = office.list_sessions(session_id=first.session_id)

    assert (len(listed), listed[-1].session_id) == (MOST_OPEN + 1, first.session_id)


def test_ending_the_current_session_twice_changes_nothing() -> None:
    office = Office()
    subscriber = office.register()
    tokens = _log_in(office)

    for _ in range(2):
        office.end_session("current", subscriber_id=subscriber.subscriber_id, session_id=tokens.session_id)

    with pytest.raises(SessionEnded):
        office.refresh_session(tokens.refresh_token)


def test_a_session_that_is_over_ends_no_other() -> None:
    office = Office()
    subscriber = office.register()
    over, other = _log_in(office), _log_in(office)
    office.end_session("current", subscriber_id=subscriber.subscriber_id, session_id=over.session_id)

    with pytest.raises(SessionEnded):
        office.end_session(other.session_id, subscriber_id=subscriber.subscriber_id, session_id=over.session_id)

    assert office.refresh_session(other.refresh_token)


def test_a_foreign_session_is_refused_as_an_absent_one() -> None:
    office = Office()
    anna = office.register()
    office.register(login="boris.ivanov", email="boris@example.test")
    mine, foreign = _log_in(office), _log_in(office, login="boris.ivanov")

    answers = set()
    for target in (foreign.session_id, "ses_00000000000000000000000000000000"):
        with pytest.raises(SessionNotFound) as refused:
            office.end_session(target, subscriber_id=anna.subscriber_id, session_id=mine.session_id)
        answers.add((str(refused.value), tuple(refused.value.metadata)))

    assert len(answers) == 1
    assert office.refresh_session(foreign.refresh_token)
