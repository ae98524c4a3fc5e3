"""Pages for people: the directory, contacts, profiles, blocks."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for

from chatapp.security.identity import caller
from chatapp.user import bp, queries, relationships
from chatapp.user.schemas import DirectoryQuery
from chatapp.web.next_redirect import safe_next
from chatapp.web.request_input import read_query


@bp.get("/people")
def people_page() -> Any:
    """Show the directory of people."""
    me = caller()
    query = read_query(DirectoryQuery)
    page = queries.list_directory(me.id, query)
    contact_ids = queries.find_contact_ids(me.id, [person["id"] for person in page.items])
    return render_template(
        "user/people.html",
        place="people",
        people=page.items,
        contact_ids=contact_ids,
        q=query.q,
        next_cursor=page.next_cursor,
    )


@bp.get("/contacts")
def contacts_page() -> Any:
    """Show the caller's contacts."""
    query = read_query(DirectoryQuery)
    page = queries.list_contacts(caller().id, query)
    people = [item["user"] for item in page.items]
    return render_template(
        "user/people.html",
        place="contacts",
        people=people,
        contact_ids={person["id"] for person in people},
        q=query.q,
        next_cursor=page.next_cursor,
    )


@bp.get("/people/<uuid:user_id>")
def person_page(user_id: UUID) -> Any:
    """Show a person's profile, with actions: message, contact, block."""
    details = queries.get_person_details(caller().id, str(user_id))
    return render_template(
        "user/person.html",
        person=details.person,
        is_contact=details.is_contact,
        blockers=details.blockers,
        groups=details.groups,
        more_groups=details.group_count - len(details.groups),
    )


@bp.post("/people/<uuid:user_id>/contact")
def add_contact_form(user_id: UUID) -> Any:
    """Add a contact."""
    contact, _ = relationships.add_contact(caller().id, str(user_id))
    return _redirect_back(user_id, f"{contact['user']['name']} is now one of your contacts.")


@bp.post("/people/<uuid:user_id>/contact/remove")
def remove_contact_form(user_id: UUID) -> Any:
    """Remove a contact."""
    relationships.remove_contact(caller().id, str(user_id))
    return _redirect_back(user_id, "Removed from your contacts.")


@bp.post("/people/<uuid:user_id>/block")
def block_form(user_id: UUID) -> Any:
    """Block a person."""
    relationships.block(caller().id, str(user_id))
    return _redirect_back(user_id, "Blocked.")


@bp.post("/people/<uuid:user_id>/unblock")
def unblock_form(user_id: UUID) -> Any:
    """Unblock a person."""
    relationships.unblock(caller().id, str(user_id))
    return _redirect_back(user_id, "Unblocked.")


def _redirect_back(user_id: UUID, message: str) -> Any:
    """Redirect to the page that the form was on, and flash the message there."""
    flash(message)
    back = request.form.get("next") or url_for("user.person_page", user_id=user_id)
    return redirect(safe_next(back), 303)
