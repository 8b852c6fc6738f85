"""Sessions and the profile as JSON has them."""

from kabinet.identity.v1 import identity_pb2
from typing_extensions import TypedDict

from gateway.views.values import moment


class RegistrationView(TypedDict):
    """A registration that waits for its code."""

    id: str
    expires_at: str


class TokensView(TypedDict):
    """What opens a session."""

    session_id: str
    access_token: str
    token_type: str
    expires_in: int
    expires_at: str
    refresh_token: str


class SocialTokensView(TokensView):
    """What opens a session after a social login."""

    created: bool


class SessionView(TypedDict):
    """An open session."""

    id: str
    created_at: str
    last_used_at: str
    user_agent: str
    current: bool


class SocialProviderView(TypedDict):
    """A social network one can enter with."""

    provider: str
    name: str


class SocialLoginView(TypedDict):
    """A begun social login: whoever ends it must bring the secret again."""

    id: str
    authorization_url: str
    browser_secret: str


class ProfileView(TypedDict):
    """A subscriber."""

    id: str
    login: str
    email: str
    display_name: str
    language: str
    created_at: str


class CsrfTokenView(TypedDict):
    """What a script of the web cabinet has to send as X-CSRF-Token."""

    csrf_token: str


def tokens(message: identity_pb2.Tokens, /, *, now_s: float) -> TokensView:
    return {
        "session_id": message.session_id,
        "access_token": message.access_token,
        "token_type": "Bearer",  # nosec B105: what RFC 6750 calls it
        "expires_in": max(0, int(message.expires_at.seconds - now_s)),
        "expires_at": moment(message.expires_at),
        "refresh_token": message.refresh_token,
    }


def session(message: identity_pb2.Session, /) -> SessionView:
    return {
        "id": message.session_id,
        "created_at": moment(message.created_at),
        "last_used_at": moment(message.last_used_at),
        "user_agent": message.user_agent,
        "current": message.current,
    }


def social_provider(message: identity_pb2.SocialProvider, /) -> SocialProviderView:
    return {"provider": message.provider, "name": message.name}


def profile(message: identity_pb2.Profile, /) -> ProfileView:
    return {
        "id": message.subscriber_id,
        "login": message.login,
        "email": message.email,
        "display_name": message.display_name,
        "language": message.language,
        "created_at": moment(message.created_at),
    }
