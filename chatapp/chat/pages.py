"""The pages of conversations: plain forms and reloads, made live by scripts."""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import UUID

from flask import redirect, render_template, request, url_for

from chatapp.chat import bp, lists, message_service, queries, service
from chatapp.chat.schemas import (
    Edit,
    ListQuery,
    MessageForm,
    MessagesQuery,
    PreferencesForm,
    ReactionBody,
)
from chatapp.conversation.conversations import MAX_SMALL_MEMBERS
from chatapp.conversation.presenters import ConversationJson, MessageJson
from chatapp.core.db import MAX_ID, uuid7
from chatapp.core.errors import NotFound, Unauthenticated
from chatapp.core.validation import MAX_SEQ
from chatapp.security.identity import caller, signed_in
from chatapp.security.view_policy import policy
from chatapp.web.forms import Form, form_view
from chatapp.web.next_redirect import safe_next
from chatapp.web.request_input import read_form, read_query

#: Messages on a page.
PAGE_SIZE = 40


@bp.get("/")
@policy(public=True)
def home() -> Any:
    """Show the start page, or your conversations if you are signed in."""
    if signed_in():
        return redirect(url_for("chat.chats_page"))
    return render_template("home.html")


@bp.get("/chats")
def chats_page() -> Any:
    """Show your conversations with none open: unread ones and contacts."""
    me = caller().id
    sidebar = lists.sidebar(me, read_query(ListQuery))
    return render_template(
        "chat/chats.html", sidebar=sidebar, dashboard=lists.dashboard(me), current_id=None
    )


@bp.get("/chats/sidebar")
def sidebar_fragment() -> Any:
    """Render the list of conversations alone, for the page's script."""
    current = request.args.get("current", type=int)
    if current is not None and not 1 <= current <= MAX_ID:
        current = None
    sidebar = lists.sidebar(caller().id, read_query(ListQuery), current)
    return render_template("chat/_sidebar.html", sidebar=sidebar, current_id=current)


@bp.post("/people/<uuid:user_id>/message")
def message_person(user_id: UUID) -> Any:
    """Open the direct conversation with this person, created if needed."""
    conversation, _ = service.open_direct(caller().id, str(user_id))
    return redirect(url_for(".conversation_page", conversation_id=conversation["id"]), 303)


@bp.get("/chats/<int:conversation_id>")
def conversation_page(conversation_id: int) -> Any:
    """Show a conversation at its first unread message. Seeing its newest page marks it as read.

    With a query other than the list's filter, show the page of messages that it asks for.
    """
    return _conversation_page(conversation_id, Form(), read_query(MessagesQuery))


@bp.get("/chats/<int:conversation_id>/@<int:seq>")
def message_page(conversation_id: int, seq: int) -> Any:
    """Show a conversation at one message: a message's time links to this page.

    With ``?actions`` the page has the message's actions, which scripts show in a menu.
    """
    if seq > MAX_SEQ:
        raise NotFound()
    return _conversation_page(conversation_id, Form(), MessagesQuery(around=seq), focus=seq)


def _refused_page(form: Form, conversation_id: int, **_: Any) -> str:
    return _conversation_page(conversation_id, form, read_query(MessagesQuery))


#: Say on the conversation's page what can't be done.
_message_form = form_view(_refused_page, unless=(NotFound, Unauthenticated))


@bp.post("/chats/<int:conversation_id>")
@policy(limit="messages")
@_message_form
def send_form(conversation_id: int) -> Any:
    """Send a message and return to the page; show a refused one again with the reason."""
    sent = service.send_message(caller().id, conversation_id, read_form(MessageForm)).message
    page = url_for("chat.conversation_page", conversation_id=sent["conversation_id"])
    return redirect(f"{page}#m{sent['seq']}", 303)


@bp.post("/chats/<int:conversation_id>/messages/<uuid:message_id>/edit")
@_message_form
def edit_form(conversation_id: int, message_id: UUID) -> Any:
    """Edit a message and return to it."""
    me = _check_message(conversation_id, message_id)
    return _to_message(message_service.edit_message(me, str(message_id), read_form(Edit)))


@bp.post("/chats/<int:conversation_id>/messages/<uuid:message_id>/delete")
@_message_form
def delete_form(conversation_id: int, message_id: UUID) -> Any:
    """Delete a message and return to its place."""
    me = _check_message(conversation_id, message_id)
    return _to_message(message_service.delete_message(me, str(message_id)))


@bp.post("/chats/<int:conversation_id>/messages/<uuid:message_id>/react")
@_message_form
def react_form(conversation_id: int, message_id: UUID) -> Any:
    """Add your emoji to a message, or remove it if it is there."""
    me = _check_message(conversation_id, message_id)
    emoji = read_form(ReactionBody).emoji
    return _to_message(message_service.toggle_reaction(me, str(message_id), emoji))


@bp.post("/chats/<int:conversation_id>/preferences")
@policy(verified=False)
def preferences_form(conversation_id: int) -> Any:
    """Change preferences and return to the page with the button."""
    patch = read_form(PreferencesForm).patch()
    service.set_preferences(caller().id, conversation_id, patch)
    return redirect(safe_next(request.form.get("next")), 303)


def _check_message(conversation_id: int, message_id: UUID) -> str:
    """Return the caller's id, or raise NotFound if the message isn't in this conversation."""
    me = caller().id
    queries.check_in_conversation(me, conversation_id, str(message_id))
    return me


def _to_message(message: MessageJson) -> Any:
    """Redirect to the message in its conversation."""
    conversation_id, seq = message["conversation_id"], message["seq"]
    page = url_for("chat.message_page", conversation_id=conversation_id, seq=seq)
    return redirect(f"{page}#m{seq}", 303)


def _conversation_page(
    conversation_id: int, form: Form, query: MessagesQuery, focus: int | None = None
) -> str:
    me = caller().id
    query.limit = PAGE_SIZE
    edit, reply = (request.args.get(name, 0, type=int) for name in ("edit", "reply"))
    read_page = partial(
        queries.open_conversation,
        me,
        conversation_id,
        listed=ListQuery(filter=read_query(ListQuery).filter),
        at_unread=not set(request.args) - {"filter"} and focus is None,
        seqs=(edit, reply),
    )
    opened = read_page(query)
    if not opened.page.messages and opened.conversation["last_seq"]:
        opened = read_page(MessagesQuery(limit=PAGE_SIZE))  # beyond either end: the newest
    conversation, page, editing = opened.conversation, opened.page, opened.messages_by_seq.get(edit)
    if conversation["unread_count"] and not page.has_after:
        service.mark_read(me, conversation_id, conversation["last_seq"])
    blockers = queries.blockers(conversation)
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
        focus_seq=focus,
        acting="actions" in request.args,
        quotes=opened.quotes,
        readers=_readers_by_seq(conversation, me),
        editing=editing if editing and editing["sender_id"] == me and not blockers else None,
        replying=opened.messages_by_seq.get(reply),
        sidebar=opened.sidebar,
        preferences={**conversation, "conversation_id": conversation_id},
        blockers=blockers,
        current_id=conversation_id,
        client_id=form.values.get("client_id") or uuid7(),
        form=form,
    )


def _readers_by_seq(conversation: ConversationJson, me: str) -> dict[int, list[str]]:
    """Return the names of the others by how far they have read; only for small groups."""
    readers: dict[int, list[str]] = {}
    if conversation["kind"] == "group" and conversation["participant_count"] <= MAX_SMALL_MEMBERS:
        for member in conversation["participants"]:
            if member["id"] != me:
                readers.setdefault(member["last_read_seq"], []).append(member["name"])
    return readers
