"""JSON envelopes of the chat calls."""

from __future__ import annotations

from typing import Any

from chatapp.chat.schemas import MessagesQuery
from chatapp.conversation.pages import MessagePage


def message_page_json(page: MessagePage, query: MessagesQuery) -> dict[str, Any]:
    """Return a page of messages, and whether there are more on the side that was asked for."""
    body: dict[str, Any] = {"items": page.messages, "version": page.version}
    if query.around is not None:
        return {**body, "has_more_before": page.has_before, "has_more_after": page.has_after}
    return {**body, "has_more": page.has_after if query.after is not None else page.has_before}
