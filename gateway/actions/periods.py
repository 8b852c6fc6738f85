"""Days of a region's calendar as the moments between which they lie."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from google.protobuf.timestamp_pb2 import Timestamp


def beginning_of(day: date | None, /, *, zone: str) -> Timestamp | None:
    """Return the first moment of a day in a zone; nothing for no day."""
    if day is None:
        return None
    moment = Timestamp()
    moment.FromDatetime(datetime.combine(day, time.min, tzinfo=ZoneInfo(zone)))
    return moment


def end_of(day: date | None, /, *, zone: str) -> Timestamp | None:
    """Return the first moment after a day in a zone; nothing for no day."""
    return beginning_of(day + timedelta(days=1) if day is not None else None, zone=zone)
