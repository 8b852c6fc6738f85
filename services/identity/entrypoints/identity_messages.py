"""Identity's values as messages of its contract."""

from kabinet.identity.v1 import identity_pb2

from services.chassis.grpc_values import time_to_proto
from services.identity.application.open_session import Tokens
from services.identity.domain.session import Session
from services.identity.domain.subscriber import Subscriber


def tokens_to_proto(tokens: Tokens, /) -> identity_pb2.Tokens:
    """Return the message of what opens a session."""
    return identity_pb2.Tokens(
        access_token=tokens.access_token,
        refresh_token=tokens.refresh_token,
        expires_at=time_to_proto(tokens.expires_at),
        session_id=tokens.session_id,
    )


def session_to_proto(session: Session, /, *, current_id: str) -> identity_pb2.Session:
    """Return the message of a session in a list."""
    return identity_pb2.Session(
        session_id=session.session_id,
        created_at=time_to_proto(session.created_at),
        last_used_at=time_to_proto(session.last_used_at),
        user_agent=session.user_agent,
        current=session.session_id == current_id,
    )


def profile_to_proto(subscriber: Subscriber, /) -> identity_pb2.Profile:
    """Return the message of a subscriber, for themselves."""
    return identity_pb2.Profile(
        subscriber_id=subscriber.subscriber_id,
        login=subscriber.login or "",
        email=subscriber.email or "",
        display_name=subscriber.display_name,
        language=subscriber.language,
        created_at=time_to_proto(subscriber.created_at),
    )
