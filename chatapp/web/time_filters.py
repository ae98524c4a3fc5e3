"""Template filters for times: in UTC, which the page's script turns into the reader's time."""

from __future__ import annotations

from datetime import UTC, datetime


def day(text: str) -> str:
    """Format as "2 January 2026", in UTC; the page's script turns it into the reader's time."""
    moment = _parse(text)
    return f"{moment.day} {moment:%B %Y}"


def clock(text: str) -> str:
    """Format as "03:04", in UTC."""
    return f"{_parse(text):%H:%M}"


def short_time(text: str, now: datetime | None = None) -> str:
    """Format for lists: the time of day today, the weekday within six days, else the date."""
    moment, today = _parse(text), now or datetime.now(UTC)
    days = (today.date() - moment.date()).days
    if days <= 0:
        return f"{moment:%H:%M}"
    if days < 7:
        return f"{moment:%a}"
    if moment.year == today.year:
        return f"{moment.day} {moment:%b}"
    return f"{moment.day} {moment:%b %Y}"


def _parse(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
