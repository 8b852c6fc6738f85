"""Registration, sessions and the profile: what the API and the pages do alike."""

import secrets

from kabinet.identity.v1 import identity_pb2

from gateway.bodies import identity as bodies
from gateway.clients import Caller
from gateway.views import identity as views
from gateway.views.values import Items, items, moment
from services.chassis.clock import Clock

_LONG_S = 6.0  # a password is hashed, or a social network is asked


def start_registration(caller: Caller, body: bodies.NewRegistration, /) -> views.RegistrationView:
    """Begin a registration; the code goes out by mail (F03)."""
    identity = caller.clients.identity
    request = identity_pb2.StartRegistrationRequest(
        login=body.login,
        password=body.password,
        email=body.email,
        consents=[identity_pb2.Consent(kind=item.kind, version=item.version) for item in body.consents],
        language=caller.language,
        client=caller.client,
    )
    answer = caller.ask_openly(identity, identity.stub.StartRegistration, request, cap_s=_LONG_S)
    return {"id": answer.registration_id, "expires_at": moment(answer.expires_at)}


def confirm_registration(
    caller: Caller, registration_id: str, body: bodies.Confirmation, /, *, clock: Clock
) -> views.TokensView:
    """End a registration by the mailed code and open the first session."""
    identity = caller.clients.identity
    request = identity_pb2.ConfirmRegistrationRequest(
        registration_id=registration_id, code=body.code, client=caller.client
    )
    answer = caller.ask_openly(identity, identity.stub.ConfirmRegistration, request, cap_s=_LONG_S)
    return views.tokens(answer.tokens, now_s=clock.now().timestamp())


def create_session(caller: Caller, body: bodies.NewSession, /, *, clock: Clock) -> views.TokensView:
    """Log in."""
    identity = caller.clients.identity
    request = identity_pb2.CreateSessionRequest(login=body.login, password=body.password, client=caller.client)
    answer = caller.ask_openly(identity, identity.stub.CreateSession, request, cap_s=_LONG_S)
    return views.tokens(answer.tokens, now_s=clock.now().timestamp())


def refresh_session(caller: Caller, refresh_token: str, /, *, clock: Clock) -> views.TokensView:
    """Exchange a refresh token for a new pair."""
    identity = caller.clients.identity
    request = identity_pb2.RefreshSessionRequest(refresh_token=refresh_token, client=caller.client)
    answer = caller.ask_openly(identity, identity.stub.RefreshSession, request)
    return views.tokens(answer.tokens, now_s=clock.now().timestamp())


def list_sessions(caller: Caller, /) -> Items[views.SessionView]:
    """Return the open sessions."""
    identity = caller.clients.identity
    answer = caller.ask(identity, identity.stub.ListSessions, identity_pb2.ListSessionsRequest())
    return items([views.session(item) for item in answer.sessions])


def end_session(caller: Caller, session_id: str, /) -> None:
    """End a session; `current` is the one that asks."""
    identity = caller.clients.identity
    caller.ask(identity, identity.stub.EndSession, identity_pb2.EndSessionRequest(session_id=session_id))


def list_social_providers(caller: Caller, /) -> Items[views.SocialProviderView]:
    """Return the social networks one can enter with (F25)."""
    identity = caller.clients.identity
    request = identity_pb2.ListSocialProvidersRequest()
    answer = caller.ask_openly(identity, identity.stub.ListSocialProviders, request)
    return items([views.social_provider(item) for item in answer.providers])


def start_social_login(caller: Caller, body: bodies.NewSocialLogin, /) -> views.SocialLoginView:
    """Begin a social login bound to a secret of the browser that begins it."""
    identity = caller.clients.identity
    secret = body.browser_secret or secrets.token_urlsafe(32)
    request = identity_pb2.StartSocialLoginRequest(
        provider=body.provider, return_url=body.return_url, browser_secret=secret
    )
    answer = caller.ask_openly(identity, identity.stub.StartSocialLogin, request, cap_s=_LONG_S)
    return {
        "id": answer.social_login_id,
        "authorization_url": answer.authorization_url,
        "browser_secret": secret,
    }


def complete_social_login(
    caller: Caller, social_login_id: str, body: bodies.SocialCompletion, /, *, clock: Clock
) -> views.SocialTokensView:
    """End a social login and open a session. The id may be empty: `state` names the login as well."""
    identity = caller.clients.identity
    request = identity_pb2.CompleteSocialLoginRequest(
        social_login_id=social_login_id,
        code=body.code,
        state=body.state,
        browser_secret=body.browser_secret,
        client=caller.client,
    )
    answer = caller.ask_openly(identity, identity.stub.CompleteSocialLogin, request, cap_s=_LONG_S)
    return {**views.tokens(answer.tokens, now_s=clock.now().timestamp()), "created": answer.created}


def get_profile(caller: Caller, /) -> views.ProfileView:
    """Return the own profile."""
    identity = caller.clients.identity
    answer = caller.ask(identity, identity.stub.GetProfile, identity_pb2.GetProfileRequest())
    return views.profile(answer.profile)


def update_profile(caller: Caller, body: bodies.ProfileChange, /) -> views.ProfileView:
    """Change the own profile; absent fields stay."""
    identity = caller.clients.identity
    request = identity_pb2.UpdateProfileRequest(display_name=body.display_name, language=body.language)
    return views.profile(caller.ask(identity, identity.stub.UpdateProfile, request).profile)


def change_password(caller: Caller, body: bodies.PasswordChange, /) -> None:
    """Change the password; all other sessions end."""
    identity = caller.clients.identity
    request = identity_pb2.ChangePasswordRequest(
        current_password=body.current_password, new_password=body.new_password, client=caller.client
    )
    caller.ask(identity, identity.stub.ChangePassword, request, cap_s=_LONG_S)
