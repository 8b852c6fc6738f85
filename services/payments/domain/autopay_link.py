"""A link of an autopay notice: what it asks for, and for which charge; signing it is an adapter's."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Protocol

from services.chassis.errors import DomainError, Kind


class AutopayLinkInvalid(DomainError):
    """It is none of ours, or its charge's time has come."""

    reason = "AUTOPAY_LINK_INVALID"
    kind = Kind.NOT_FOUND


class AutopayNoticeOutOfDate(DomainError):
    """There is nothing to announce any more: the charge was answered for, changed, made or given up."""

    reason = "AUTOPAY_NOTICE_OUT_OF_DATE"
    kind = Kind.FAILED_PRECONDITION


class LinkAction(Enum):
    """What a link does."""

    SKIP = "skip"
    PAY_NOW = "pay_now"
    STOP = "stop"


@dataclass(frozen=True, slots=True, kw_only=True)
class AutopayLink:
    """What a signed word says. It names the terms' version: a notice of other terms asks for nothing."""

    action: LinkAction
    autopay_rule_id: str
    period: str
    rule_version: int
    expires_at: datetime


class AutopayLinks(Protocol):
    """Signed words of links."""

    def token_of(self, link: AutopayLink, /) -> str:
        """Return the word; the same for the same link, and nobody else can make it."""
        ...

    def link_of(self, token: str, /) -> AutopayLink | None:
        """Return what a word says, None for one that is not ours."""
        ...
