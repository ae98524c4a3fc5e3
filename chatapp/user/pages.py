"""People as pages."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import redirect, render_template, url_for

from chatapp.chat import service as chats
from chatapp.identity import caller
from chatapp.user import bp, queries
from chatapp.user.schemas import DirectoryQuery
from chatapp.validation import read_query


@bp.get("/people")
def people_page() -> Any:
    """The directory, to find someone to write to."""
    me = caller()
    query = read_query(DirectoryQuery)
    page = queries.directory(me.id, query)
    return render_template(
        "user/people.html",
        people=page.items,
        q=query.q,
        next_cursor=page.next_cursor,
    )


@bp.post("/people/<uuid:user_id>/message")
def message_person(user_id: UUID) -> Any:
    """On to the conversation with this person, which is made if there is none."""
    conversation, _ = chats.open_direct(caller().id, str(user_id))
    return redirect(url_for("chat.conversation_page", conversation_id=conversation["id"]), 303)
