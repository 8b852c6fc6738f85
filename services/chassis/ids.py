"""Opaque identifiers; what they name is the business of whoever asks for one."""

from uuid import uuid4


def new_id(prefix: str, /) -> str:
    """Return an id such as `pay_3f0c…`: 122 random bits, so that nobody can count or guess the neighbours."""
    return f"{prefix}_{uuid4().hex}"
