"""What bodies of several areas become in messages."""

from kabinet.common.v1 import money_pb2

from gateway.bodies.fields import Amount


def money(amount: Amount, /) -> money_pb2.Money:
    """Return a sum as the contract has it."""
    return money_pb2.Money(amount_minor=amount.amount_minor, currency=amount.currency)
