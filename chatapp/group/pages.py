"""Groups as pages: each action a plain form, then back to the page with a word about it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from pydantic import ValidationError

from chatapp.conversation.preferences import read_preferences
from chatapp.core.errors import ChatError, Unauthenticated, ValidationFailed, describe
from chatapp.core.validation import is_uuid
from chatapp.group import bp, links, queries, service
from chatapp.group.schemas import (
    MOST_AT_ONCE,
    GroupPatch,
    NewGroup,
    NewMembers,
    Role,
)
from chatapp.security.identity import caller
from chatapp.user.schemas import DirectoryQuery
from chatapp.web.forms import Form, refused
from chatapp.web.request_input import read_form, read_query

#: People to pick from, on one page.
CANDIDATES = 30


@bp.get("/groups/new")
def new_group_page() -> Any:
    """The form for a new group, and people to pick."""
    return _new_page(Form(dict(request.args)))


@bp.post("/groups/new/people")
def search_for_new_group() -> Any:
    """The same form with other people to pick; whoever was picked stays."""
    return _new_page(Form(dict(request.form)))


@bp.post("/groups/new")
def new_group_form() -> Any:
    """Make the group, and on to its conversation."""
    me = caller().id
    try:
        new = NewGroup.model_validate({**request.form, "members": request.form.getlist("member")})
        group = service.create_group(
            me, name=new.name, member_ids=new.members, description=new.description
        )
    except (ChatError, ValidationError) as exc:
        error = _shown(exc)
        return _new_page(refused(error)), error.status
    return redirect(url_for("chat.conversation_page", conversation_id=group.conversation_id), 303)


@bp.get("/groups/<uuid:group_id>")
def group_page(group_id: UUID) -> Any:
    """A group: its members, and what one may do there."""
    return _group_page(group_id)


@bp.post("/groups/<uuid:group_id>")
def edit_group_form(group_id: UUID) -> Any:
    """Change its name, its description and who writes."""
    return _act(
        group_id,
        "edit",
        lambda me: service.update_group(me, str(group_id), read_form(GroupPatch)),
        "Saved.",
    )


@bp.get("/groups/<uuid:group_id>/add")
def add_page(group_id: UUID) -> Any:
    """People to add."""
    return _add_page(group_id, Form(dict(request.args)))


@bp.post("/groups/<uuid:group_id>/add/people")
def search_to_add(group_id: UUID) -> Any:
    """Other people to add; whoever was picked stays."""
    return _add_page(group_id, Form(dict(request.form)))


@bp.post("/groups/<uuid:group_id>/add")
def add_form(group_id: UUID) -> Any:
    """They are members, and back to the group."""
    me = caller().id
    try:
        picked = request.form.getlist("member")
        if not picked:
            raise ValidationFailed(fields={"user_ids": "Pick somebody first."})
        new = NewMembers.model_validate({"user_ids": picked})
        service.add_group_members(me, str(group_id), new.user_ids)
    except (ChatError, ValidationError) as exc:
        error = _shown(exc)
        return _add_page(group_id, refused(error)), error.status
    count = len(set(new.user_ids))
    flash("One person is added." if count == 1 else f"{count} people are added.")
    return redirect(url_for("group.group_page", group_id=group_id), 303)


@bp.post("/groups/<uuid:group_id>/members/<uuid:user_id>/role")
def role_form(group_id: UUID, user_id: UUID) -> Any:
    """This member has another role."""
    return _act(
        group_id,
        "members",
        lambda me: service.set_role(me, str(group_id), str(user_id), read_form(Role).member_role),
        "The role is changed.",
    )


@bp.post("/groups/<uuid:group_id>/members/<uuid:user_id>/remove")
def remove_form(group_id: UUID, user_id: UUID) -> Any:
    """This person is a member no more."""
    return _act(
        group_id,
        "members",
        lambda me: service.remove_group_member(me, str(group_id), str(user_id)),
        "They are no longer in the group.",
    )


@bp.post("/groups/<uuid:group_id>/leave")
def leave_form(group_id: UUID) -> Any:
    """One is a member no more; back to one's conversations."""
    me = caller().id
    service.remove_group_member(me, str(group_id), me)
    flash("You’ve left the group.")
    return redirect(url_for("chat.chats_page"), 303)


@bp.post("/groups/<uuid:group_id>/delete")
def delete_form(group_id: UUID) -> Any:
    """The group is gone for everybody; back to one's conversations."""
    me = caller().id
    try:
        if request.form.get("sure") != "yes":
            words = "Tick the box, so that nobody deletes a group by accident."
            raise ValidationFailed(fields={"sure": words})
        service.delete_group(me, str(group_id))
    except ChatError as exc:
        return group_page_with(group_id, _shown(exc), delete=refused(exc))
    flash("The group is deleted.")
    return redirect(url_for("chat.chats_page"), 303)


def group_page_with(group_id: UUID, error: ChatError, **forms: Form) -> Any:
    """The group's page, with what is wrong at the form where it is wrong."""
    return _group_page(group_id, **forms), error.status


def _act(group_id: UUID, form: str, act: Callable[[str], object], done: str) -> Any:
    """Back to the group with a word; what can't be done is said at its form."""
    me = caller().id
    try:
        act(me)
    except (ChatError, ValidationError) as exc:
        error = _shown(exc)
        return group_page_with(group_id, error, **{form: refused(error)})
    flash(done)
    return redirect(url_for("group.group_page", group_id=group_id), 303)


def _shown(exc: Exception) -> ChatError:
    """What to say on the page. Where the group isn't one's own, its page says so itself."""
    error = describe(exc)
    if isinstance(error, Unauthenticated):
        raise error from exc
    return error


def _new_page(form: Form) -> str:
    return render_template("group/new.html", form=form, **_picker(caller().id))


def _add_page(group_id: UUID, form: Form) -> str:
    me = caller().id
    overview = queries.overview(me, str(group_id), for_admins=True)
    picker = _picker(me, str(group_id))
    return render_template("group/add.html", form=form, group=overview, **picker)


def _picker(me: str, group_id: str | None = None) -> dict[str, Any]:
    """Whoever is picked, by ids that travel with the form, and a page of others."""
    ids = list(filter(is_uuid, request.values.getlist("member")))[:MOST_AT_ONCE]
    q, cursor = request.values.get("q", "")[:100], request.values.get("cursor")
    query = DirectoryQuery(q=q, cursor=cursor, limit=CANDIDATES)
    return {
        "q": query.q,
        "picked": queries.picked(me, ids, group_id),
        "found": queries.candidates(me, query, group_id, without=ids),
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
