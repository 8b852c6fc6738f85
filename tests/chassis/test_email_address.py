"""Mail addresses: one normal form each, as people write them, and only such that servers take."""

import pytest

from services.chassis.email_address import EmailInvalid, ascii_email, normalised_email


@pytest.mark.parametrize(
    ("typed", "shown", "sent_to"),
    [
        ("Ivan@Example.ORG", "Ivan@example.org", "Ivan@example.org"),
        ("ivan@почта.рф", "ivan@почта.рф", "ivan@xn--80a1acny.xn--p1ai"),
        ("ivan@ПОЧТА.РФ", "ivan@почта.рф", "ivan@xn--80a1acny.xn--p1ai"),
        ("ivan@xn--80a1acny.xn--p1ai", "ivan@почта.рф", "ivan@xn--80a1acny.xn--p1ai"),
    ],
)
def test_has_a_form_to_show_and_a_form_to_send_to(typed: str, shown: str, sent_to: str) -> None:
    assert normalised_email(typed) == shown
    assert ascii_email(shown) == sent_to


@pytest.mark.parametrize("text", ["", "nobody", "иван@example.org", "иван@почта.рф", "a@example.org\r\nBcc: b@c.org"])
def test_refuses_what_is_no_address_or_gets_no_mail(text: str) -> None:
    with pytest.raises(EmailInvalid) as refusal:
        normalised_email(text)

    assert not refusal.value.metadata
