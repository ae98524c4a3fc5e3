"""The pages of groups: each action is a plain form that returns to the page with a message."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for

from chatapp.conversation.preferences import read_preferences
from chatapp.core.errors import Unauthenticated, ValidationFailed
from chatapp.core.validation import is_uuid
from chatapp.group import bp, links, queries, service
from chatapp.group.schemas import (
    MAX_PEOPLE,
    GroupPatch,
    NewGroup,
    NewMembers,
    Role,
)
from chatapp.security.identity import caller
from chatapp.user.schemas import DirectoryQuery
from chatapp.web.forms import Form, form_view
from chatapp.web.request_input import read_form, read_query

V = TypeVar("V", bound=Callable[..., Any])

#: People to choose from, on one page.
CANDIDATES_PAGE_SIZE = 30


def group_form(name: str) -> Callable[[V], V]:
    """Show the group's page again, with what is wrong at this form, when a view refuses it."""

    def render(form: Form, group_id: UUID, **_: Any) -> str:
        return _group_page(group_id, **{name: form})

    return form_view(render, unless=(Unauthenticated,))


@bp.get("/groups/new")
def new_group_page() -> Any:
    """Show the form for a new group, with people to choose from."""
    return _new_page(Form(dict(request.args)))


@bp.post("/groups/new/people")
def search_for_new_group() -> Any:
    """Show the form with other people to choose from; those already chosen stay."""
    return _new_page(Form(dict(request.form)))


def _new_page(form: Form) -> str:
    return render_template("group/new.html", form=form, **_picker(caller().id))


@bp.post("/groups/new")
@form_view(_new_page, unless=(Unauthenticated,))
def new_group_form() -> Any:
    """Create a group and go to its conversation."""
    new = NewGroup.model_validate({**request.form, "members": request.form.getlist("member")})
    group = service.create_group(
        caller().id, name=new.name, member_ids=new.members, description=new.description
    )
    return redirect(url_for("chat.conversation_page", conversation_id=group.conversation_id), 303)


@bp.get("/groups/<uuid:group_id>")
def group_page(group_id: UUID) -> Any:
    """Show a group: its members, and what you can do."""
    return _group_page(group_id)


@bp.post("/groups/<uuid:group_id>")
@group_form("edit")
def edit_group_form(group_id: UUID) -> Any:
    """Change the group's name, description and announcement mode."""
    service.update_group(caller().id, str(group_id), read_form(GroupPatch))
    return _back_to_group(group_id, "Saved.")


@bp.get("/groups/<uuid:group_id>/add")
def add_page(group_id: UUID) -> Any:
    """Show people to add."""
    return _add_page(Form(dict(request.args)), group_id)


@bp.post("/groups/<uuid:group_id>/add/people")
def search_to_add(group_id: UUID) -> Any:
    """Show other people to add; those already chosen stay."""
    return _add_page(Form(dict(request.form)), group_id)


def _add_page(form: Form, group_id: UUID) -> str:
    me = caller().id
    overview = queries.overview(me, str(group_id), for_admins=True)
    picker = _picker(me, str(group_id))
    return render_template("group/add.html", form=form, group=overview, **picker)


@bp.post("/groups/<uuid:group_id>/add")
@form_view(_add_page, unless=(Unauthenticated,))
def add_form(group_id: UUID) -> Any:
    """Add the chosen people and return to the group."""
    picked = request.form.getlist("member")
    if not picked:
        raise ValidationFailed(fields={"user_ids": "Choose someone first."})
    new = NewMembers.model_validate({"user_ids": picked})
    service.add_group_members(caller().id, str(group_id), new.user_ids)
    count = len(set(new.user_ids))
    return _back_to_group(group_id, "Added 1 person." if count == 1 else f"Added {count} people.")


@bp.post("/groups/<uuid:group_id>/members/<uuid:user_id>/role")
@group_form("members")
def role_form(group_id: UUID, user_id: UUID) -> Any:
    """Change a member's role."""
    role = read_form(Role).member_role
    service.set_role(caller().id, str(group_id), str(user_id), role)
    return _back_to_group(group_id, "Role changed.")


@bp.post("/groups/<uuid:group_id>/members/<uuid:user_id>/remove")
@group_form("members")
def remove_form(group_id: UUID, user_id: UUID) -> Any:
    """Remove a member."""
    service.remove_group_member(caller().id, str(group_id), str(user_id))
    return _back_to_group(group_id, "They’re no longer in the group.")


@bp.post("/groups/<uuid:group_id>/leave")
def leave_form(group_id: UUID) -> Any:
    """Leave the group and return to your conversations."""
    me = caller().id
    service.remove_group_member(me, str(group_id), me)
    flash("You’ve left the group.")
    return redirect(url_for("chat.chats_page"), 303)


@bp.post("/groups/<uuid:group_id>/delete")
@group_form("delete")
def delete_form(group_id: UUID) -> Any:
    """Delete the group for everybody and return to your conversations."""
    if request.form.get("sure") != "yes":
        problem = "Tick the box to confirm that you want to delete the group."
        raise ValidationFailed(fields={"sure": problem})
    service.delete_group(caller().id, str(group_id))
    flash("Group deleted.")
    return redirect(url_for("chat.chats_page"), 303)


def _back_to_group(group_id: UUID, message: str) -> Any:
    flash(message)
    return redirect(url_for("group.group_page", group_id=group_id), 303)


def _picker(me: str, group_id: str | None = None) -> dict[str, Any]:
    """Return the chosen people, whose ids travel with the form, and a page of others."""
    ids = list(filter(is_uuid, request.values.getlist("member")))[:MAX_PEOPLE]
    q, cursor = request.values.get("q", "")[:100], request.values.get("cursor")
    query = DirectoryQuery(q=q, cursor=cursor, limit=CANDIDATES_PAGE_SIZE)
    return {
        "q": query.q,
        "picked": queries.picked(me, ids, group_id),
        "found": queries.candidates(me, query, group_id, exclude=ids),
    }


def _group_page(group_id: UUID, **forms: Form) -> str:
    me, id_ = caller().id, str(group_id)
    query = read_query(DirectoryQuery)
    overview = queries.overview(me, id_)
    return render_template(
        "group/group.html",
        group=overview,
        preferences=read_preferences(me, overview.conversation_id),
        members=queries.members(me, id_, query),
        q=query.q,
        links=[
            {**links.present_link(link), "creator": creator.name}
            for link, creator in (links.links(me, id_) if overview.manages else ())
        ],
        forms={name: forms.get(name, Form()) for name in ("edit", "members", "link", "delete")},
    )
