"""People as pages."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for

from chatapp.auth.signin.browser_session import safe_next
from chatapp.chat import service as chats
from chatapp.security.identity import caller
from chatapp.user import bp, queries, service
from chatapp.user.schemas import DirectoryQuery
from chatapp.web.request_input import read_query


@bp.get("/people")
def people_page() -> Any:
    """The directory, to find someone to write to."""
    me = caller()
    query = read_query(DirectoryQuery)
    page = queries.directory(me.id, query)
    kept = queries.contact_ids(me.id, [person["id"] for person in page.items])
    return render_template(
        "user/people.html",
        place="people",
        people=page.items,
        kept=kept,
        q=query.q,
        next_cursor=page.next_cursor,
    )


@bp.get("/contacts")
def contacts_page() -> Any:
    """One's contacts."""
    query = read_query(DirectoryQuery)
    page = queries.contacts(caller().id, query)
    people = [item["user"] for item in page.items]
    return render_template(
        "user/people.html",
        place="contacts",
        people=people,
        kept={person["id"] for person in people},
        q=query.q,
        next_cursor=page.next_cursor,
    )


@bp.get("/people/<uuid:user_id>")
def person_page(user_id: UUID) -> Any:
    """Someone's profile, and what one can do about them."""
    found = queries.acquaintance(caller().id, str(user_id))
    return render_template(
        "user/person.html",
        person=found.person,
        is_contact=found.is_contact,
        blockers=found.blockers,
        groups=found.groups,
        more_groups=found.group_count - len(found.groups),
    )


@bp.post("/people/<uuid:user_id>/message")
def message_person(user_id: UUID) -> Any:
    """On to the conversation with this person, which is made if there is none."""
    conversation, _ = chats.open_direct(caller().id, str(user_id))
    return redirect(url_for("chat.conversation_page", conversation_id=conversation["id"]), 303)


@bp.post("/people/<uuid:user_id>/contact")
def add_contact_form(user_id: UUID) -> Any:
    """Among one's contacts."""
    contact, _ = service.add_contact(caller().id, str(user_id))
    return _done(user_id, f"{contact['user']['name']} is one of your contacts.")


@bp.post("/people/<uuid:user_id>/contact/remove")
def remove_contact_form(user_id: UUID) -> Any:
    """Not among one's contacts any more."""
    service.remove_contact(caller().id, str(user_id))
    return _done(user_id, "Removed from your contacts.")


@bp.post("/people/<uuid:user_id>/block")
def block_form(user_id: UUID) -> Any:
    """Neither hears from the other."""
    service.block(caller().id, str(user_id))
    return _done(user_id, "Blocked.")


@bp.post("/people/<uuid:user_id>/unblock")
def unblock_form(user_id: UUID) -> Any:
    """One's own block is lifted."""
    service.unblock(caller().id, str(user_id))
    return _done(user_id, "Unblocked.")


def _done(user_id: UUID, words: str) -> Any:
    """Back to where it was asked for, which says so."""
    flash(words)
    back = request.form.get("next") or url_for("user.person_page", user_id=user_id)
    return redirect(safe_next(back), 303)
