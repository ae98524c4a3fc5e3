"""Chatting as pages: each a plain form and a reload, made live by script."""

from __future__ import annotations

from typing import Any

from flask import redirect, render_template, request, url_for
from pydantic import ValidationError

from chatapp.chat import bp, queries, service
from chatapp.chat.schemas import MessageForm, MessagesQuery
from chatapp.db import snapshot, uuid7
from chatapp.errors import ChatError, NotFound, Unauthenticated, describe
from chatapp.forms import Form, refused
from chatapp.identity import caller, signed_in
from chatapp.paging import PageQuery
from chatapp.validation import read_form, read_query

PAGE = 40


@bp.get("/")
def home() -> Any:
    """What this is; for those who are signed in, their conversations."""
    if signed_in():
        return redirect(url_for("chat.chats_page"))
    return render_template("home.html")


@bp.get("/chats")
def chats_page() -> Any:
    """One's conversations."""
    page = queries.conversations(caller().id, read_query(PageQuery))
    return render_template(
        "chat/chats.html",
        conversations=page.items,
        next_cursor=page.next_cursor,
        current_id=None,
    )


@bp.get("/chats/sidebar")
def sidebar_fragment() -> Any:
    """The list of conversations alone, for the page's script."""
    page = queries.conversations(caller().id, PageQuery())
    current = request.args.get("current", type=int)
    return render_template("chat/_sidebar.html", conversations=page.items, current_id=current)


@bp.get("/chats/<int:conversation_id>")
def conversation_page(conversation_id: int) -> Any:
    """One conversation. Whoever sees its newest page has read it."""
    return _conversation_page(conversation_id, Form())


@bp.post("/chats/<int:conversation_id>")
def send_form(conversation_id: int) -> Any:
    """Send, and back to the page; what can't be sent is shown again with the reason."""
    me = caller()
    try:
        service.send_message(me.id, conversation_id, read_form(MessageForm))
    except (ChatError, ValidationError) as exc:
        error = describe(exc)
        if isinstance(error, NotFound | Unauthenticated):
            raise
        return _conversation_page(conversation_id, refused(error)), error.status
    page = url_for("chat.conversation_page", conversation_id=conversation_id)
    return redirect(page, 303)


def _conversation_page(conversation_id: int, form: Form) -> str:
    me = caller().id
    query = read_query(MessagesQuery)
    query.limit = PAGE
    with snapshot():
        conversation = queries.conversation(me, conversation_id)
        page = queries.messages(me, conversation_id, query)
        sidebar = queries.conversations(me, PageQuery())
    if not page.has_after:
        service.mark_read(me, conversation_id, conversation["last_seq"])
    return render_template(
        "chat/conversation.html",
        conversation=conversation,
        messages=page.messages,
        has_before=page.has_before,
        has_after=page.has_after,
        live=not page.has_after,
        first_unread_seq=conversation["last_read_seq"] + 1
        if conversation["unread_count"]
        else None,
        conversations=sidebar.items,
        current_id=conversation_id,
        client_id=form.values.get("client_id") or uuid7(),
        form=form,
    )
