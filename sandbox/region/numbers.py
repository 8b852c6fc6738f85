"""Numbers that an account has and had. The books go by the number that it was opened with; the world goes by the one
that it has now, and this is where the two are told apart.
"""

import sqlite3
from collections.abc import Callable
from datetime import datetime
from typing import Any

import grpc
from google.protobuf.message import Message
from kabinet.regional.v1 import feed_pb2

from sandbox.chassis.sqlite import Database
from sandbox.region import journal
from sandbox.region.profiles import Profiles
from sandbox.region.values import timestamp

_FIELD = "number"


def shown_number(connection: sqlite3.Connection, book_number: str, /) -> str:
    """Return what the world calls an account of the books."""
    row = connection.execute("SELECT number FROM numbers WHERE book_number = ? AND current", (book_number,)).fetchone()
    return str(row["number"]) if row else book_number


def book_number(connection: sqlite3.Connection, number: str, /, *, former_too: bool) -> str:
    """Return what the books call an account; nothing for a number that it has no more, unless those count too."""
    row = connection.execute("SELECT book_number, current FROM numbers WHERE number = ?", (number,)).fetchone()
    if row is None:
        return number
    return str(row["book_number"]) if row["current"] or former_too else ""


def change_number(connection: sqlite3.Connection, book: str, /, *, new_number: str, now: datetime) -> str:
    """Give an account another number, write the news of it, and return the number that it had."""
    old_number = shown_number(connection, book)
    taken = connection.execute(
        "SELECT 1 FROM accounts WHERE number = :number UNION SELECT 1 FROM numbers WHERE number = :number",
        {"number": new_number},
    ).fetchone()
    if taken is not None:
        raise ValueError("the number is or was an account's")
    connection.execute("INSERT OR IGNORE INTO numbers VALUES (?, ?, 0)", (book, book))
    connection.execute("UPDATE numbers SET current = 0 WHERE book_number = ?", (book,))
    connection.execute("INSERT INTO numbers VALUES (?, ?, 1)", (new_number, book))
    change = feed_pb2.NumberChange(old_number=old_number, new_number=new_number, changed_at=timestamp(now))
    journal.write(connection, feed_pb2.FeedRecord(number_change=change))
    return old_number


class RenumberingInterceptor(grpc.ServerInterceptor):
    """Lets every method of the contract speak of accounts by the numbers of the books. A former number is none that the
    region knows, unless the profile says that it answers those too."""

    def __init__(self, *, database: Database, profiles: Profiles) -> None:
        self._database = database
        self._profiles = profiles

    def intercept_service(
        self, continuation: Callable[[Any], Any], handler_call_details: grpc.HandlerCallDetails
    ) -> Any:
        handler = continuation(handler_call_details)
        if handler is None or not handler_call_details.method.startswith("/kabinet."):
            return handler

        def answer(request: Any, context: grpc.ServicerContext) -> Any:
            if _FIELD in request.DESCRIPTOR.fields_by_name:
                former_too = self._profiles.current().former_numbers_answered
                request.number = book_number(self._database.read(), request.number, former_too=former_too)
            response = handler.unary_unary(request, context)
            self._rename(response)
            return response

        return grpc.unary_unary_rpc_method_handler(
            answer, request_deserializer=handler.request_deserializer, response_serializer=handler.response_serializer
        )

    def _rename(self, message: Message) -> None:
        for field, value in message.ListFields():
            if field.name == _FIELD:
                setattr(message, _FIELD, shown_number(self._database.read(), value))
            elif field.message_type is not None:
                for part in value if field.is_repeated else [value]:
                    self._rename(part)
