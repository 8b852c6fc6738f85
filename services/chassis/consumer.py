"""The one safe consumer and the worker around it, on nameko, for a process under eventlet; it knows no event by name.

nameko's own `event_handler` acknowledges what its handler failed at and what it could not decode: messages are lost.
Here a message is acknowledged only when its handler returned, or when the broker has confirmed a copy of it in another
queue.
"""

import signal
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import eventlet
import structlog
from kombu.connection import Connection
from kombu.message import Message
from nameko.constants import AMQP_URI_CONFIG_KEY, MAX_WORKERS_CONFIG_KEY
from nameko.exceptions import ContainerBeingKilled
from nameko.extensions import Entrypoint
from nameko.messaging import QueueConsumer
from nameko.runners import ServiceRunner
from nameko.timer import timer

from services.chassis.events import Envelope, EventSchemas, PermanentError, Undecodable, UnknownEvent, decode
from services.chassis.ladder import Failure, InboxQueues, Mover, body_of, deliveries_of, in_time, is_ours
from services.chassis.traces import trace_of

Handler = Callable[[Envelope], None]
Timers = Mapping[str, tuple[float, Callable[[], None]]]

DEFAULT_LADDER_S = (1.0, 10.0, 60.0, 600.0)
_HEARTBEAT_S = 30
_PREFETCH = "prefetch"
_MAX_DELIVERIES = 5

_log = structlog.get_logger(__name__)


class NotHandledHere(Exception):
    """A known event without a handler in this process: a replica of another release, so another one may have it."""


class RedeliveredTooOften(Exception):
    """Handed out again and again without an answer: it may be what kills the process, so its neighbours go first."""


class InboxConsumer(QueueConsumer):
    """nameko's consumer with raw bodies, quick reconnects, and a stop that lets acknowledgements through.

    A process begins with one message at a time and takes `prefetch` only after the first is answered. If a message is
    what killed the one before, it is alone now: the count of its deliveries grows, that of its neighbours does not.
    """

    def __init__(self) -> None:
        super().__init__()
        self._under_way = 0
        self._has_answered = False
        self._taken_at_a_time = 0

    @property
    def connection(self) -> Connection:
        return Connection(self.amqp_uri, heartbeat=_HEARTBEAT_S, connect_timeout=5)

    @property
    def prefetch_count(self) -> int:
        return int(self.container.config[_PREFETCH]) if self._has_answered else 1

    def run(self) -> None:
        """Consume until told to stop: kombu repeats what its library calls an error, this repeats the rest."""
        while not self.should_stop:
            try:
                super().run()
            except Exception as error:  # a frame that the library cannot read, say: the worker lives on
                _log.error("consumer_failed", error=type(error).__name__, trace=trace_of(error))
                eventlet.sleep(1)

    @contextmanager
    def establish_connection(self) -> Iterator[Connection]:
        """Come back within two seconds of the broker, however long it was away."""
        with self.create_connection() as connection:
            connection.ensure_connection(
                self.on_connection_error, interval_start=0.2, interval_step=0.3, interval_max=2.0
            )
            yield connection

    def on_connection_error(self, exc: Exception, interval: float) -> None:
        _log.warning("broker_away", error=type(exc).__name__, retry_in_s=interval)

    def get_consumers(self, consumer_cls: Any, channel: Any) -> Any:
        """Declare anew with each connection: the broker may have come back empty."""
        for provider in self._providers:
            receive = partial(self.handle_message, provider, None)
            with in_time():
                consumer = consumer_cls(
                    queues=[provider.declare(channel)],
                    on_message=receive,
                    on_decode_error=lambda message, _error, receive=receive: receive(message),
                    auto_declare=False,
                )
                consumer.qos(prefetch_count=self.prefetch_count)
                consumer.consume()  # kombu would, without a bound
            self._consumers[provider] = consumer
        self._taken_at_a_time = self.prefetch_count
        return self._consumers.values()

    def on_iteration(self) -> None:
        """Keep the connection after the last consumer was cancelled until what it brought is answered."""
        self._cancel_consumers_if_requested()
        self._take_more_if_allowed()
        if not self._consumers and not self._under_way:
            self.should_stop = True

    def began(self) -> None:
        self._under_way += 1

    def ended(self) -> None:
        self._under_way -= 1
        self._has_answered = True

    def _take_more_if_allowed(self) -> None:
        """RabbitMQ heeds a new limit only in a new subscription; what is under way stays answerable."""
        if self._taken_at_a_time == self.prefetch_count:
            return
        self._taken_at_a_time = self.prefetch_count
        for consumer in self._consumers.values():
            with in_time():
                consumer.cancel()
                consumer.qos(prefetch_count=self._taken_at_a_time)
                consumer.consume()


class InboxEntrypoint(Entrypoint):
    """Hands each message of the inbox to the worker's method and settles it by the Failure that comes back, or None."""

    queue_consumer = InboxConsumer()

    def __init__(self, queues: InboxQueues, event_names: Collection[str], amqp_url: str, **options: Any) -> None:
        self._queues = queues
        self._event_names = event_names
        self._amqp_url = amqp_url
        self._mover = Mover(amqp_url, queues)
        super().__init__(**options)

    def declare(self, channel: Any) -> Any:
        return self._queues.declare(channel, self._event_names)

    def setup(self) -> None:
        self.queue_consumer.register_provider(self)

    def stop(self) -> None:
        self.queue_consumer.unregister_provider(self)

    def handle_message(self, _body: None, message: Message) -> None:
        self.queue_consumer.began()
        try:
            self.container.spawn_worker(self, (message,), {}, handle_result=partial(self._settle, message))
        except ContainerBeingKilled:  # unanswered, it goes to another replica when this connection closes
            self.queue_consumer.ended()

    def _settle(self, message: Message, _context: Any, failure: Failure | None, exc_info: Any) -> Any:
        try:
            if exc_info is not None:
                failure = Failure(error=exc_info[0].__name__, permanent=False)
            if failure is not None:
                self._mover.move(message, failure)
            if is_ours(message):
                message.ack()
        except Exception as error:  # the channel went in this very moment: the broker hands the message out again
            _log.warning("message_not_acknowledged", error=type(error).__name__)
        finally:
            self.queue_consumer.ended()
        return None, None


class _Inbox:
    """What becomes of one message: the judgement that the entrypoint carries out."""

    def __init__(self, bindings: Mapping[str, Handler], schemas: EventSchemas) -> None:
        self._bindings = bindings
        self._schemas = schemas

    def receive(self, message: Message) -> Failure | None:
        """Handle a message; answers rather than raises, so that nameko neither logs its text nor decides its fate."""
        try:
            self._handle(message)
        except PermanentError as error:
            return _failed(message, error, permanent=True)
        except Exception as error:  # the boundary of a handler: whatever it is, the ladder gives it time to pass
            return _failed(message, error, permanent=False)
        return None

    def _handle(self, message: Message) -> None:
        if deliveries_of(message) >= _MAX_DELIVERIES:
            raise RedeliveredTooOften
        if message.errors:
            raise Undecodable("the body cannot be read in its declared encoding")
        envelope = decode(body_of(message))
        handler = self._handler(envelope.name)
        self._schemas.check(envelope)
        handler(envelope)

    def _handler(self, name: str) -> Handler:
        if name in self._bindings:
            return self._bindings[name]
        if self._schemas.knows(name):
            raise NotHandledHere
        raise UnknownEvent("no contract of that name and version")


def build_worker(
    service: str,
    *,
    amqp_url: str,
    bindings: Mapping[str, Handler],
    timers: Timers | None = None,
    schemas: EventSchemas | None = None,
    ladder: Sequence[float] = DEFAULT_LADDER_S,
) -> type:
    """Return the nameko service class of a service's worker.

    `bindings` maps an event name to the callable that records it: given an Envelope whose data keeps to its contract,
    it returns when it is recorded, raises PermanentError when it never can be, and anything else to be called again
    after the next step of `ladder` (seconds). It may be called more than once with one envelope, and with several
    envelopes at a time. `timers` maps a name to an interval in seconds and a callable; a timer fires in every replica.
    """
    inbox = _Inbox(bindings, schemas or EventSchemas())
    queues = InboxQueues(service=service, ladder_s=tuple(ladder))

    def receive(_self: Any, message: Message) -> Failure | None:
        return inbox.receive(message)

    consume = InboxEntrypoint.decorator(queues, tuple(bindings), amqp_url)
    methods: dict[str, Any] = {"name": f"{service}.worker", "receive": consume(receive)}
    for name, (interval_s, tick) in (timers or {}).items():
        methods[f"tick_{name}"] = timer(interval=interval_s)(_tick(name, tick))
    return type(f"{service.capitalize()}Worker", (), methods)


def run_worker(worker: type, *, amqp_url: str, prefetch: int = 8, grace_s: float = 10.0) -> None:
    """Run the worker until SIGTERM or SIGINT, then let what is under way end, for `grace_s` at most.

    Waits for a broker that is not there yet. To be called in the main thread of a process that called
    `eventlet.monkey_patch()` before it imported anything else.
    """
    runner = ServiceRunner({AMQP_URI_CONFIG_KEY: amqp_url, MAX_WORKERS_CONFIG_KEY: 2 * prefetch, _PREFETCH: prefetch})
    runner.add_service(worker)

    def stop(_signal: int, _frame: Any) -> None:
        eventlet.spawn_after(grace_s, runner.kill)
        eventlet.spawn_n(runner.stop)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    runner.start()
    _log.info("worker_ready", worker=worker.__name__)
    runner.wait()


def _tick(name: str, tick: Callable[[], None]) -> Callable[[Any], None]:
    def run(_self: Any) -> None:
        try:
            tick()
        except Exception as error:  # the boundary of a timer: the next tick comes anyway
            _log.error("timer_failed", timer=name, error=type(error).__name__, trace=trace_of(error))

    run.__name__ = f"tick_{name}"
    return run


def _failed(message: Message, error: Exception, *, permanent: bool) -> Failure:
    """Log where it failed without what it said: the text of an unforeseen error may hold personal data."""
    _log.warning(
        "event_failed",
        message_id=message.properties.get("message_id"),
        event_name=message.properties.get("type"),
        error=type(error).__name__,
        permanent=permanent,
        trace=trace_of(error),
    )
    return Failure(error=type(error).__name__, permanent=permanent)
