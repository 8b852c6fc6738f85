"""What the identity routes take in."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from gateway.bodies.fields import Body, Email, Id, Language, Password, Text, Url, Word

Login = Annotated[str, StringConstraints(min_length=1, max_length=64)]
Code = Annotated[str, StringConstraints(min_length=1, max_length=20)]
Opaque = Annotated[str, StringConstraints(min_length=1, max_length=2000)]
BrowserSecret = Annotated[str, StringConstraints(min_length=16, max_length=200)]


class Consent(Body):
    """A document that the subscriber agrees to."""

    kind: Literal["terms", "personal_data"]
    version: Annotated[str, StringConstraints(min_length=1, max_length=20)]


class NewRegistration(Body):
    """Begins a registration."""

    login: Login
    password: Password
    email: Email
    consents: list[Consent] = Field(max_length=10)


class Confirmation(Body):
    """Ends a registration."""

    code: Code


class NewSession(Body):
    """Opens a session."""

    login: Login
    password: Password


class Refresh(Body):
    """Continues a session."""

    refresh_token: Opaque


class NewSocialLogin(Body):
    """Begins a social login. Whoever leaves out `browser_secret` gets one in the answer."""

    provider: Word
    return_url: Url
    browser_secret: BrowserSecret | None = None


class SocialCompletion(Body):
    """Ends a social login with what the provider sent to `return_url`."""

    code: Opaque
    state: Opaque
    browser_secret: BrowserSecret


class ProfileChange(Body):
    """Changes the profile; a field that is absent stays."""

    display_name: Text | None = None
    language: Language | None = None


class PasswordChange(Body):
    """Changes the password."""

    current_password: Password
    new_password: Password


class RegistrationPath(Body):
    """Which registration."""

    registration_id: Id


class SessionPath(Body):
    """Which session; `current` is the one that asks."""

    session_id: Id


class SocialLoginPath(Body):
    """Which social login."""

    social_login_id: Id
