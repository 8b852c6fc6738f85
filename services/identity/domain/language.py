"""The languages in which subscribers are written to."""

from services.chassis.errors import FieldInvalid

LANGUAGES = ("ru", "en")


def chosen_language(text: str, /) -> str:
    """Return the language; Russian when none was chosen. Raises `FieldInvalid` for one that we do not write."""
    language = text or LANGUAGES[0]
    if language not in LANGUAGES:
        raise FieldInvalid(field="language", rule="ru or en")
    return language
