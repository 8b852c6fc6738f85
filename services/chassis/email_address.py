"""Mail addresses as people type them and as servers take them; whether one belongs to somebody is proved elsewhere."""

from email_validator import EmailNotValidError, ValidatedEmail, validate_email

from services.chassis.errors import DomainError, Kind


class EmailInvalid(DomainError):
    """The text is no mail address. It is not repeated in the error: it may be personal."""

    reason = "EMAIL_INVALID"
    kind = Kind.INVALID


def normalised_email(text: str, /) -> str:
    """Return the address in its normal form (RFC 5321, the domain in lower case). Raises `EmailInvalid`.

    The domain may be in any script. A name before the @ beyond ASCII is refused: few servers take one (SMTPUTF8).
    """
    return _validated(text).normalized


def ascii_email(text: str, /) -> str:
    """Return the address as every server takes it, the domain in its ASCII form (RFC 5891). Raises `EmailInvalid`."""
    address = _validated(text)
    return f"{address.local_part}@{address.ascii_domain}"


def _validated(text: str) -> ValidatedEmail:
    try:
        return validate_email(text, check_deliverability=False, test_environment=True, allow_smtputf8=False)
    except EmailNotValidError as error:
        raise EmailInvalid("This is not a mail address.") from error
