"""Mail addresses as people type them; whether one belongs to somebody is proved elsewhere."""

from email_validator import EmailNotValidError, validate_email

from services.chassis.errors import DomainError, Kind


class EmailInvalid(DomainError):
    """The text is no mail address. It is not repeated in the error: it may be personal."""

    reason = "EMAIL_INVALID"
    kind = Kind.INVALID


def normalised_email(text: str, /) -> str:
    """Return the address in its normal form (RFC 5321, the domain in lower case). Raises `EmailInvalid`."""
    try:
        return validate_email(text, check_deliverability=False, test_environment=True).normalized
    except EmailNotValidError as error:
        raise EmailInvalid("This is not a mail address.") from error
