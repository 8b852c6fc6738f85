"""Argon2id: the work is the same for nobody's password, and too much at once is refused rather than piled up."""

import threading
import time

import pytest

from services.chassis.deadline import ending_within
from services.chassis.errors import Unavailable
from services.identity.adapters.argon2_passwords import Argon2PasswordHasher
from services.identity.config import Settings


def _hasher(*, memory_kib: int = 64, at_once: int = 4) -> Argon2PasswordHasher:
    return Argon2PasswordHasher(memory_kib=memory_kib, time_cost=1, parallelism=1, at_once=at_once)


def test_a_hash_is_argon2id_and_fits_its_password_only() -> None:
    hasher = _hasher()

    password_hash = hasher.hash("сорок тысяч обезьян")

    assert password_hash.startswith("$argon2id$v=19$m=64,t=1,p=1$")
    assert hasher.matches("сорок тысяч обезьян", password_hash)
    assert not hasher.matches("Сорок тысяч обезьян", password_hash)


def test_one_password_typed_on_two_keyboards_is_one() -> None:
    hasher = _hasher()

    assert hasher.matches("йод и ёжик, и всё", hasher.hash("и\u0306од и е\u0308жик, и все\u0308"))


@pytest.mark.parametrize("password_hash", [None, "not a hash", "$argon2id$v=19$m=64,t=1,p=1$broken"])
def test_nobody_has_any_password(password_hash: str | None) -> None:
    assert not _hasher().matches("сорок тысяч обезьян", password_hash)


def test_a_password_of_nobody_costs_what_a_wrong_one_of_somebody_does() -> None:
    hasher = _hasher(memory_kib=16 * 1024)
    somebody = hasher.hash("сорок тысяч обезьян")

    costs = [_work_of(hasher, password_hash) for password_hash in (None, somebody)]

    assert min(costs) > max(costs) / 3  # of this thread's own time; without the work it would be a thousandth


def _work_of(hasher: Argon2PasswordHasher, password_hash: str | None) -> float:
    spent = []
    for _ in range(3):
        began = time.thread_time()
        hasher.matches("семь холодных чайников", password_hash)
        spent.append(time.thread_time() - began)
    return min(spent)


def test_a_hash_of_other_parameters_is_outdated() -> None:
    password_hash = _hasher(memory_kib=64).hash("сорок тысяч обезьян")

    assert _hasher(memory_kib=128).is_outdated(password_hash)
    assert not _hasher(memory_kib=64).is_outdated(password_hash)


def test_the_defaults_are_no_weaker_than_advised() -> None:
    fields = Settings.model_fields

    assert fields["argon2_memory_kib"].default >= 19 * 1024
    assert fields["argon2_time_cost"].default >= 2


def test_who_finds_no_room_in_time_is_told_to_come_back() -> None:
    hasher = _hasher(at_once=1)
    inside, leave = threading.Event(), threading.Event()

    def stay() -> None:
        with hasher._turn():
            inside.set()
            leave.wait(60)

    holder = threading.Thread(target=stay)
    holder.start()
    assert inside.wait(60)
    try:
        with ending_within(1), pytest.raises(Unavailable):
            hasher.matches("сорок тысяч обезьян", None)
    finally:
        leave.set()
        holder.join(60)
    assert hasher.hash("сорок тысяч обезьян")
