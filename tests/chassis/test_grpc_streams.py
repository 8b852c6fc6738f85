"""Calls that take a stream: whose they are, how long they may last, and that they hold up nobody else."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import KeySet
from kabinet.regional.v1 import feed_pb2, feed_pb2_grpc

from services.chassis.caller import RegionCaller, current_caller
from services.chassis.clock import SystemClock
from services.chassis.deadline import timeout_s
from services.chassis.errors import DomainError, Kind
from services.chassis.grpc_errors import RemoteError
from services.chassis.grpc_server import Exposed, GrpcServer
from services.chassis.tokens import TokenVerifier, load_trusted_keys
from tests.support import eventually
from tests.support.feed_line import FeedLine
from tests.support.neighbourhood import Neighbourhood

Act = Callable[[feed_pb2.StreamFeedRequest], None]


@pytest.fixture
def neighbourhood(tmp_path: Path) -> Iterator[Neighbourhood]:
    subject = Neighbourhood(tmp_path)
    yield subject
    subject.stop()


def _served(neighbourhood: Neighbourhood, act: Act) -> str:
    """Serve the feed's contract with one thread for calls and one for streams; answer each piece after `act`."""

    class Scripted(feed_pb2_grpc.RegionalFeedServiceServicer):
        def StreamFeed(self, requests: Any, context: Any) -> Any:  # noqa: N802
            for number, request in enumerate(requests, start=1):
                act(request)
                yield feed_pb2.StreamFeedResponse(position=number)

        def GetFeedPosition(self, request: Any, context: Any) -> Any:  # noqa: N802
            return feed_pb2.GetFeedPositionResponse(position=7)

    servicer = Scripted()  # type: ignore[abstract]  # the rest answers UNIMPLEMENTED
    server = GrpcServer(
        listen="127.0.0.1:0",
        services=[
            Exposed(
                service_name="kabinet.regional.v1.RegionalFeedService",
                register=lambda to: feed_pb2_grpc.add_RegionalFeedServiceServicer_to_server(servicer, to),
            )
        ],
        verifier=TokenVerifier(
            name="accounts",
            trusted=load_trusted_keys(neighbourhood.trust_file),
            subscriber_keys=lambda _key_id: KeySet([]),
            clock=SystemClock(),
        ),
        threads=1,
        stream_threads=1,
    )
    return neighbourhood.run(server)


def _line(neighbourhood: Neighbourhood, address: str, *, caller: str | None = "region:54") -> FeedLine:
    return FeedLine(neighbourhood.remote("accounts", address=address, caller=caller))


def _piece() -> feed_pb2.StreamFeedRequest:
    return feed_pb2.StreamFeedRequest(journal_id="j")


def test_an_open_stream_holds_up_no_other_call(neighbourhood: Neighbourhood) -> None:
    line = _line(neighbourhood, _served(neighbourhood, lambda piece: None))
    going_on = threading.Event()

    def pieces() -> Iterator[feed_pb2.StreamFeedRequest]:
        yield _piece()
        going_on.wait(60)

    answers = line.stream(pieces())
    first = next(answers)

    assert first.position == 1
    assert line.position() == 7  # the one thread for calls is free
    going_on.set()
    assert list(answers) == []


def test_the_caller_is_known_for_the_whole_stream(neighbourhood: Neighbourhood) -> None:
    seen: list[Any] = []
    line = _line(neighbourhood, _served(neighbourhood, lambda piece: seen.append(current_caller())))

    list(line.stream([_piece(), _piece()]))

    assert seen == [RegionCaller(region="54")] * 2


@pytest.mark.parametrize(("caller", "reason"), [(None, "CREDENTIALS_MISSING"), ("payments", "CALLER_NOT_ALLOWED")])
def test_keeps_out_whom_the_contract_does_not_name(
    neighbourhood: Neighbourhood, caller: str | None, reason: str
) -> None:
    seen: list[Any] = []
    line = _line(neighbourhood, _served(neighbourhood, seen.append), caller=caller)

    with pytest.raises(RemoteError) as refused:
        list(line.stream([_piece()]))

    assert refused.value.reason == reason
    assert seen == []


def test_a_stream_lasts_no_longer_than_its_credential(neighbourhood: Neighbourhood) -> None:
    left: list[float] = []
    line = _line(neighbourhood, _served(neighbourhood, lambda piece: left.append(timeout_s(10_000))))

    list(line.stream([_piece()], timeout_s=3600))
    list(line.stream([_piece()], timeout_s=30))

    assert 250 < left[0] <= 300  # a region's token lives for five minutes
    assert left[1] < 31


def test_a_refusal_in_the_middle_comes_after_the_answers_before_it(neighbourhood: Neighbourhood) -> None:
    class Enough(DomainError):
        reason = "ENOUGH"
        kind = Kind.ABORTED

    seen: list[Any] = []
    first_was_read = threading.Event()

    def act(piece: Any) -> None:
        seen.append(piece)
        if len(seen) == 2:
            first_was_read.wait(30)  # a refusal may overtake an answer that nobody has read yet
            raise Enough("No more.", place="2")

    line = _line(neighbourhood, _served(neighbourhood, act))
    answers = line.stream([_piece(), _piece(), _piece()])

    assert next(answers).position == 1
    first_was_read.set()
    with pytest.raises(RemoteError) as refused:
        next(answers)
    assert (refused.value.kind, refused.value.reason) == (Kind.ABORTED, "ENOUGH")
    assert refused.value.metadata == {"place": "2"}


def test_a_caller_who_goes_away_frees_the_thread(neighbourhood: Neighbourhood) -> None:
    seen: list[Any] = []
    address = _served(neighbourhood, seen.append)
    going_on = threading.Event()

    def pieces() -> Iterator[feed_pb2.StreamFeedRequest]:
        yield _piece()
        going_on.wait(60)

    remote = neighbourhood.remote("accounts", address=address, caller="region:54")
    next(FeedLine(remote).stream(pieces()))
    remote.close()

    answered = eventually(lambda: list(_line(neighbourhood, address).stream([_piece()])))
    assert [answer.position for answer in answered] == [1]
    going_on.set()
