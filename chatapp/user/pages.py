"""Pages for people: the directory, contacts, profiles."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import render_template

from chatapp.security.identity import caller
from chatapp.user import bp, person_details, queries, relationship_queries
from chatapp.user.schemas import DirectoryQuery
from chatapp.web.request_input import read_query


@bp.get("/people")
def people_page() -> Any:
    """Show the directory of people."""
    me = caller()
    query = read_query(DirectoryQuery)
    page = queries.list_directory(me.id, query)
    contact_ids = relationship_queries.find_contact_ids(
        me.id, [person["id"] for person in page.items]
    )
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
    page = relationship_queries.list_contacts(caller().id, query)
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
    details = person_details.get_person_details(caller().id, str(user_id))
    return render_template(
        "user/person.html",
        person=details.person,
        is_contact=details.is_contact,
        blockers=details.blockers,
        groups=details.groups,
        more_groups=details.group_count - len(details.groups),
    )
