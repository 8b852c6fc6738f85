"""What a social provider vouches for, and how it is presented to people."""

from dataclasses import dataclass

from services.identity.domain.subscriber import SocialIdentity


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderName:
    """A provider as a page shows it."""

    provider: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SocialAccount:
    """Who came back from a provider. The name is a courtesy; an address is not taken over at all."""

    identity: SocialIdentity
    display_name: str
    language: str
