"""The dates in mails about automatic charges: those of the region's calendar, not of ours."""

from datetime import UTC, datetime

import pytest

from services.documents.adapters.autopay_mail_texts import autopay_text
from services.documents.domain.autopay_notice import AutopayNotice, NoticeKind
from services.documents.domain.consent import Language
from tests.documents.builders import A_MORNING

LATE_IN_THE_EVENING = datetime(2026, 11, 27, 21, 30, tzinfo=UTC)


def body_of(kind: NoticeKind, *, time_zone: str, moment: datetime, language: Language = Language.RU) -> str:
    notice = AutopayNotice(
        notice_id=f"aru_1:2026-12:{kind.value}",
        kind=kind,
        decision_id="aru_1:2026-12",
        subscriber_id="sub_1",
        billing_account_id="acc_1",
        created_at=A_MORNING,
        decline_class="money",
        next_try_at=moment,
        lapses_at=moment,
        time_zone=time_zone,
    )
    return autopay_text(notice, None, language=language, public_url="https://kabinet.example").body


@pytest.mark.parametrize("kind", [NoticeKind.DECLINED, NoticeKind.HELD])
@pytest.mark.parametrize(
    ("time_zone", "day"),
    [
        ("Europe/Kaliningrad", "27.11.2026"),
        ("Europe/Moscow", "28.11.2026"),
        ("Asia/Vladivostok", "28.11.2026"),
    ],
)
def test_names_the_day_of_the_region(kind: NoticeKind, time_zone: str, day: str) -> None:
    body = body_of(kind, time_zone=time_zone, moment=LATE_IN_THE_EVENING)

    assert day in body
    assert "московскому" not in body


@pytest.mark.parametrize("kind", [NoticeKind.DECLINED, NoticeKind.HELD])
@pytest.mark.parametrize(
    ("language", "words"),
    [(Language.RU, "28.11.2026 (по московскому времени)"), (Language.EN, "28.11.2026 (Moscow time)")],
)
def test_names_the_day_of_moscow_as_such_where_the_region_is_not_known(
    kind: NoticeKind, language: Language, words: str
) -> None:
    assert words in body_of(kind, time_zone="", moment=LATE_IN_THE_EVENING, language=language)
