"""Chatting as JSON: the envelopes around conversations and messages."""

from __future__ import annotations

from typing import Any

from chatapp.chat.queries import MessagePage
from chatapp.chat.schemas import MessagesQuery


def message_page_json(page: MessagePage, query: MessagesQuery) -> dict[str, Any]:
    """A page of messages; around a place it tells of both ends, else of the end asked for."""
    body: dict[str, Any] = {"items": page.messages, "version": page.version}
    if query.around is not None:
        return {**body, "has_more_before": page.has_before, "has_more_after": page.has_after}
    return {**body, "has_more": page.has_after if query.after is not None else page.has_before}
