"""Fault profiles: the habits of a bad billing system, which spoil all that a region says while one is on.

A profile is data (`profiles.json`); the books stay right but for the one that does not deduplicate, so that turning it
off cures the region at once.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from kabinet.common.v1.money_pb2 import Money
from pydantic import BaseModel, ConfigDict

from sandbox.chassis.sqlite import Database

_TEXTS = frozenset({"name", "description", "payer_name", "payer_address", "lost"})


class Profile(BaseModel):
    """What is wrong. `deduplicates` off applies a payment as often as it is posted: the one habit that spoils books.
    `mojibake` is UTF-8 read as CP1251: the contract's strings cannot hold other bytes.
    `currency_of_zero` off makes of a zero what a decimal "-0.00" becomes on its way: a sum without a currency.
    `feed_cut_after` is how many pieces of the journal pass before a stream breaks. `former_numbers_answered` is no
    fault: the region answers for numbers that an account has no more."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    deduplicates: bool = True
    as_of_offset_s: int = 0
    clock_offset_s: int = 0
    feed_repeats: bool = False
    feed_reordered: bool = False
    feed_cut_after: int = 0
    former_numbers_answered: bool = False
    mojibake: bool = False
    missing_fields: frozenset[str] = frozenset()
    currency_of_zero: bool = True

    def spoil(self, message: Message, /) -> None:
        """Change a message as the profile says."""
        for field, value in message.ListFields():
            if field.name in self.missing_fields:
                message.ClearField(field.name)
            elif isinstance(value, Timestamp):
                self._shift(value, field.name)
            elif field.message_type is not None:
                for part in value if field.is_repeated else [value]:
                    self.spoil(part)
            elif self.mojibake and field.name in _TEXTS:
                _misread(message, field.name, value)
        if not self.currency_of_zero and isinstance(message, Money) and message.amount_minor == 0:
            message.ClearField("currency")

    def _shift(self, moment: Timestamp, name: str) -> None:
        moment.seconds += self.clock_offset_s + (self.as_of_offset_s if name == "as_of" else 0)


class Profiles:
    """The profile that is on, kept with the books: a killed region comes back with its habits."""

    def __init__(self, database: Database, /) -> None:
        self._database = database

    def turn_on(self, name: str, /) -> None:
        """Turn a profile on, and the one before off; the empty name turns all off. Refuse an unknown one."""
        if name and name not in _KNOWN:
            raise ValueError(f"unknown profile {name!r}; known: {', '.join(sorted(_KNOWN))}")
        with self._database.write() as connection:
            connection.execute("INSERT OR REPLACE INTO profile VALUES (1, ?)", (name,))

    def current(self) -> Profile:
        """Return the profile that is on; the one that changes nothing when none is."""
        row = self._database.read().execute("SELECT name FROM profile").fetchone()
        return _KNOWN.get(row["name"], _SOUND) if row else _SOUND


class SpoilingInterceptor(grpc.ServerInterceptor):
    """Spoils the answers of every method of the contract."""

    def __init__(self, profiles: Profiles, /) -> None:
        self._profiles = profiles

    def intercept_service(
        self, continuation: Callable[[Any], Any], handler_call_details: grpc.HandlerCallDetails
    ) -> Any:
        handler = continuation(handler_call_details)
        if handler is None or not handler_call_details.method.startswith("/kabinet."):
            return handler

        def answer(request: Any, context: grpc.ServicerContext) -> Any:
            response = handler.unary_unary(request, context)
            self._profiles.current().spoil(response)
            return response

        return grpc.unary_unary_rpc_method_handler(
            answer, request_deserializer=handler.request_deserializer, response_serializer=handler.response_serializer
        )


def _misread(message: Message, name: str, value: Any) -> None:
    if isinstance(value, str):
        setattr(message, name, _as_cp1251(value))
    else:
        value[:] = [_as_cp1251(text) for text in value]


def _as_cp1251(text: str) -> str:
    return text.encode().decode("cp1251", errors="replace")


_SOUND = Profile()
_KNOWN = {
    name: Profile.model_validate(profile)
    for name, profile in json.loads(Path(__file__).with_name("profiles.json").read_text()).items()
}
