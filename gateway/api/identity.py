"""Registration, sessions, social login and the profile over JSON."""

from typing import Any

from gateway.actions import identity as actions
from gateway.api.routes import answers, area
from gateway.auth import caller, csrf_token, public
from gateway.bodies import identity as bodies
from gateway.parts import parts
from gateway.views import identity as views
from gateway.views.values import Items

api = area("identity", "Registration, sessions, social login, profile")


@api.post("/registrations", responses=answers(202, views.RegistrationView, name="Registration", refused=()))
@public
def start_registration(body: bodies.NewRegistration) -> Any:
    """Begin a registration; a code goes out by mail

    The answer is alike for a taken and a free login.
    """
    return actions.start_registration(caller(), body), 202


@api.post(
    "/registrations/<string:registration_id>/confirmation",
    responses=answers(201, views.TokensView, name="Tokens", refused=(404,)),
)
@public
def confirm_registration(path: bodies.RegistrationPath, body: bodies.Confirmation) -> Any:
    """End a registration by the mailed code and open the first session"""
    return actions.confirm_registration(caller(), path.registration_id, body, clock=parts().clock), 201


@api.post("/sessions", responses=answers(201, views.TokensView, name="Tokens", refused=(401,)))
@public
def create_session(body: bodies.NewSession) -> Any:
    """Log in"""
    return actions.create_session(caller(), body, clock=parts().clock), 201


@api.post("/sessions/refresh", responses=answers(200, views.TokensView, name="Tokens", refused=(401,)))
@public
def refresh_session(body: bodies.Refresh) -> Any:
    """Exchange a refresh token for a new pair; the old one is used up"""
    return actions.refresh_session(caller(), body.refresh_token, clock=parts().clock)


@api.get("/sessions", responses=answers(200, Items[views.SessionView], name="Sessions", refused=(401,)))
def list_sessions() -> Any:
    """List the open sessions"""
    return actions.list_sessions(caller())


@api.delete("/sessions/<string:session_id>", responses=answers(204))
def end_session(path: bodies.SessionPath) -> Any:
    """End a session; `current` is the one that asks"""
    actions.end_session(caller(), path.session_id)
    return "", 204


@api.get(
    "/social-providers", responses=answers(200, Items[views.SocialProviderView], name="SocialProviders", refused=())
)
@public
def list_social_providers() -> Any:
    """List the social networks one can enter with"""
    return actions.list_social_providers(caller())


@api.post("/social-logins", responses=answers(201, views.SocialLoginView, name="SocialLogin", refused=(404,)))
@public
def start_social_login(body: bodies.NewSocialLogin) -> Any:
    """Begin a social login: send the browser to `authorization_url` and keep `browser_secret`"""
    return actions.start_social_login(caller(), body), 201


@api.post(
    "/social-logins/<string:social_login_id>/completion",
    responses=answers(201, views.SocialTokensView, name="SocialTokens", refused=(401, 404)),
)
@public
def complete_social_login(path: bodies.SocialLoginPath, body: bodies.SocialCompletion) -> Any:
    """End a social login with what the provider sent to the return URL"""
    return actions.complete_social_login(caller(), path.social_login_id, body, clock=parts().clock), 201


@api.get("/profile", responses=answers(200, views.ProfileView, name="Profile", refused=(401,)))
def get_profile() -> Any:
    """Read the own profile"""
    return actions.get_profile(caller())


@api.patch("/profile", responses=answers(200, views.ProfileView, name="Profile", refused=(401,)))
def update_profile(body: bodies.ProfileChange) -> Any:
    """Change the own profile; absent fields stay"""
    return actions.update_profile(caller(), body)


@api.put("/profile/password", responses=answers(204, refused=(401, 409)))
def change_password(body: bodies.PasswordChange) -> Any:
    """Change the password; all other sessions end"""
    actions.change_password(caller(), body)
    return "", 204


@api.get("/csrf-token", responses=answers(200, views.CsrfTokenView, name="CsrfToken", refused=(401,)))
def get_csrf_token() -> Any:
    """Read what a script of the web cabinet has to send as X-CSRF-Token beside its cookies"""
    return {"csrf_token": csrf_token()}
