"""Groups as pages: each action a plain form, then back to the page with a word about it."""

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

#: People to pick from, on one page.
CANDIDATES = 30


def group_form(name: str) -> Callable[[V], V]:
    """Show the group's page again, this form on it with what is wrong, when a view refuses."""

    def render(form: Form, group_id: UUID, **_: Any) -> str:
        return _group_page(group_id, **{name: form})

    return form_view(render, unless=(Unauthenticated,))


@bp.get("/groups/new")
def new_group_page() -> Any:
    """The form for a new group, and people to pick."""
    return _new_page(Form(dict(request.args)))


@bp.post("/groups/new/people")
def search_for_new_group() -> Any:
    """The same form with other people to pick; whoever was picked stays."""
    return _new_page(Form(dict(request.form)))


def _new_page(form: Form) -> str:
    return render_template("group/new.html", form=form, **_picker(caller().id))


@bp.post("/groups/new")
@form_view(_new_page, unless=(Unauthenticated,))
def new_group_form() -> Any:
    """Make the group, and on to its conversation."""
    new = NewGroup.model_validate({**request.form, "members": request.form.getlist("member")})
    group = service.create_group(
        caller().id, name=new.name, member_ids=new.members, description=new.description
    )
    return redirect(url_for("chat.conversation_page", conversation_id=group.conversation_id), 303)


@bp.get("/groups/<uuid:group_id>")
def group_page(group_id: UUID) -> Any:
    """A group: its members, and what one may do there."""
    return _group_page(group_id)


@bp.post("/groups/<uuid:group_id>")
@group_form("edit")
def edit_group_form(group_id: UUID) -> Any:
    """Change its name, its description and who writes."""
    service.update_group(caller().id, str(group_id), read_form(GroupPatch))
    return _back_to_group(group_id, "Saved.")


@bp.get("/groups/<uuid:group_id>/add")
def add_page(group_id: UUID) -> Any:
    """People to add."""
    return _add_page(Form(dict(request.args)), group_id)


@bp.post("/groups/<uuid:group_id>/add/people")
def search_to_add(group_id: UUID) -> Any:
    """Other people to add; whoever was picked stays."""
    return _add_page(Form(dict(request.form)), group_id)


def _add_page(form: Form, group_id: UUID) -> str:
    me = caller().id
    overview = queries.overview(me, str(group_id), for_admins=True)
    picker = _picker(me, str(group_id))
    return render_template("group/add.html", form=form, group=overview, **picker)


@bp.post("/groups/<uuid:group_id>/add")
@form_view(_add_page, unless=(Unauthenticated,))
def add_form(group_id: UUID) -> Any:
    """They are members, and back to the group."""
    picked = request.form.getlist("member")
    if not picked:
        raise ValidationFailed(fields={"user_ids": "Pick somebody first."})
    new = NewMembers.model_validate({"user_ids": picked})
    service.add_group_members(caller().id, str(group_id), new.user_ids)
    count = len(set(new.user_ids))
    words = "One person is added." if count == 1 else f"{count} people are added."
    return _back_to_group(group_id, words)


@bp.post("/groups/<uuid:group_id>/members/<uuid:user_id>/role")
@group_form("members")
def role_form(group_id: UUID, user_id: UUID) -> Any:
    """This member has another role."""
    role = read_form(Role).member_role
    service.set_role(caller().id, str(group_id), str(user_id), role)
    return _back_to_group(group_id, "The role is changed.")


@bp.post("/groups/<uuid:group_id>/members/<uuid:user_id>/remove")
@group_form("members")
def remove_form(group_id: UUID, user_id: UUID) -> Any:
    """This person is a member no more."""
    service.remove_group_member(caller().id, str(group_id), str(user_id))
    return _back_to_group(group_id, "They are no longer in the group.")


@bp.post("/groups/<uuid:group_id>/leave")
def leave_form(group_id: UUID) -> Any:
    """One is a member no more; back to one's conversations."""
    me = caller().id
    service.remove_group_member(me, str(group_id), me)
    flash("You’ve left the group.")
    return redirect(url_for("chat.chats_page"), 303)


@bp.post("/groups/<uuid:group_id>/delete")
@group_form("delete")
def delete_form(group_id: UUID) -> Any:
    """The group is gone for everybody; back to one's conversations."""
    if request.form.get("sure") != "yes":
        words = "Tick the box, so that nobody deletes a group by accident."
        raise ValidationFailed(fields={"sure": words})
    service.delete_group(caller().id, str(group_id))
    flash("The group is deleted.")
    return redirect(url_for("chat.chats_page"), 303)


def _back_to_group(group_id: UUID, words: str) -> Any:
    flash(words)
    return redirect(url_for("group.group_page", group_id=group_id), 303)


def _picker(me: str, group_id: str | None = None) -> dict[str, Any]:
    """Whoever is picked, by ids that travel with the form, and a page of others."""
    ids = list(filter(is_uuid, request.values.getlist("member")))[:MAX_PEOPLE]
    q, cursor = request.values.get("q", "")[:100], request.values.get("cursor")
    query = DirectoryQuery(q=q, cursor=cursor, limit=CANDIDATES)
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
            {**links.present_link(link), "maker": maker.name}
            for link, maker in (links.links(me, id_) if overview.manages else ())
        ],
        forms={name: forms.get(name, Form()) for name in ("edit", "members", "link", "delete")},
    )
