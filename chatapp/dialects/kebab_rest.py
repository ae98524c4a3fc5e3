"""Kebab's calls."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from flask import Blueprint, request
from pydantic import BaseModel, Field

from chatapp.auth import service as accounts
from chatapp.auth.api import issue_login_token
from chatapp.auth.authentication import authenticate
from chatapp.auth.schemas import Credentials, PasswordChange, SelfRegistration
from chatapp.auth.signin import password_change
from chatapp.chat.lists import all_conversations, conversations_with
from chatapp.core.db import now
from chatapp.core.errors import Forbidden, Unauthenticated
from chatapp.core.paging import MAX_PAGE_SIZE, PageQuery, all_items
from chatapp.core.validation import Name, Uuid
from chatapp.dialects.kebab_shapes import Shapes, own_user
from chatapp.dialects.kebab_shapes import user as shape
from chatapp.dialects.rest import Rest
from chatapp.dialects.shapes import error_code_and_fields, renamed_fields
from chatapp.group import queries as groups
from chatapp.group import service as group_service
from chatapp.group.presenters import GroupJson
from chatapp.group.schemas import NewGroup, NewMembers
from chatapp.security.api_paths import KEBAB
from chatapp.security.identity import caller, current_sign_in
from chatapp.security.request_source import request_source
from chatapp.security.view_policy import policy, request_policy
from chatapp.user import queries as people
from chatapp.user import relationship_queries, relationships, service
from chatapp.user.schemas import DirectoryQuery, ProfilePatch
from chatapp.web.request_input import read_json

bp = Blueprint("kebab", __name__)


@bp.before_request
def _bearer_only() -> None:
    """The session of a page is no credential here."""
    if not request_policy().public and "Authorization" not in request.headers:
        raise Unauthenticated("Send the access_token as Authorization: Bearer.")


class Register(SelfRegistration):
    """A new account under its full name."""

    name: Annotated[Name, Field(validation_alias="fullName")]


#: What the contract lets one change; whatever else comes is ignored.
_CHANGEABLE = {
    *("name", "description", "resume_link", "role", "profile_picture"),
    *("theme_mode", "theme_color", "background_image"),
}


class Profile(ProfilePatch):
    """A change of the caller's profile; the id has to be their own."""

    id: Uuid


class AddContact(BaseModel):
    """The person to add to the contacts."""

    contactId: Uuid  # noqa: N815


class UpdatePassword(PasswordChange):
    """A new password; the id has to be the caller's own."""

    id: Uuid


class CreateGroup(NewGroup):
    """A group to create; ``created_by`` has to be the caller."""

    created_by: Uuid


class AddMembers(NewMembers):
    """People to add to a group."""

    group_id: Uuid


@bp.post("/auth/register")
@policy(public=True)
def register() -> Any:
    """Register: 201 with the new account."""
    user = accounts.register(read_json(Register), request_source())
    return {"message": "User registered successfully", "user": own_user(user)}, 201


@bp.post("/auth/login")
@policy(public=True)
def log_in() -> Any:
    """Log in: 200 with the account, and its token as a session."""
    user, issued = authenticate(read_json(Credentials), request_source(), issue_login_token)
    session = {
        "access_token": issued.token,
        "token_type": "bearer",
        "expires_in": round((issued.expires_at - now()).total_seconds()),
        "expires_at": int(issued.expires_at.timestamp()),
        "user": own_user(user),
    }
    return {"message": "Login successful", "user": own_user(user), "session": session}


@bp.put("/user/profile")
@policy(scope="users:write")
def update_profile() -> Any:
    """Change the caller's profile: 200 with the account."""
    profile = read_json(Profile)
    me = _own_id(profile.id, "id")
    given = {name: value for name, value in profile.changes().items() if name in _CHANGEABLE}
    user = service.update_profile(me, ProfilePatch.model_construct(set(given), **given))
    return {"message": "Profile updated successfully", "user": own_user(user)}


@bp.put("/user/update-password")
@policy(personal=True)
def update_password() -> Any:
    """Change the password: 200; every other sign-in ends."""
    new = read_json(UpdatePassword)
    _own_id(new.id, "id")
    password_change.change_password(current_sign_in(), new, accept_recent_sign_in=True)
    return {"message": "Password updated successfully"}


@bp.post("/user/add-contact")
@policy(scope="users:write")
def add_contact() -> Any:
    """Add a contact: 201, or 200 if the person was one already."""
    me, other = caller().id, read_json(AddContact).contactId
    with renamed_fields(user_id="contactId"):
        contact, created = relationships.add_contact(me, other)
    shown = Shapes.read(me, [other], conversations_with(me, other)).contact(contact)
    return {"message": "Contact added successfully", "contact": shown}, 201 if created else 200


@bp.get("/user/<uuid:user_id>")
@policy(scope="users:read")
def user(user_id: UUID) -> Any:
    """Return one user."""
    me = caller()
    if str(user_id) == me.id:
        return {"user": own_user(me)}
    person = people.get_person(me.id, str(user_id))
    return {"user": shape(person, people.find_creation_times([person["id"]]))}


@bp.get("/user/dashboard")
@policy(personal=True)
def dashboard() -> Any:
    """Return the caller's account, contacts and groups."""
    me = caller()
    contacts = all_items(
        lambda cursor: relationship_queries.list_contacts(
            me.id, DirectoryQuery(limit=MAX_PAGE_SIZE, cursor=cursor)
        )
    )
    own = all_items(
        lambda cursor: groups.groups(me.id, PageQuery(limit=MAX_PAGE_SIZE, cursor=cursor))
    )
    shown = {contact["user"]["id"] for contact in contacts}
    shown |= {member["id"] for group in own for member in group["members"]}
    shapes = Shapes.read(me.id, shown, all_conversations(me.id))
    return {
        "user": own_user(me),
        "contacts": [shapes.contact(contact) for contact in contacts],
        "groups": [shapes.group(group) for group in own],
    }


@bp.post("/group/create")
@policy(scope="groups:write")
def create_group() -> Any:
    """Create a group: 201 with it."""
    new = read_json(CreateGroup)
    me = _own_id(new.created_by, "created_by")
    group = group_service.create_group(
        me,
        name=new.name,
        member_ids=new.members,
        description=new.description,
        picture=new.group_picture,
    )
    return {
        "message": "Group created successfully",
        "group": _group(me, groups.group(me, group.id)),
    }, 201


@bp.post("/group/add-members")
@policy(scope="groups:write")
def add_members() -> Any:
    """Add members: 200 with the group."""
    me, new = caller().id, read_json(AddMembers)
    group_service.add_group_members(me, new.group_id, new.user_ids)
    return {
        "message": "Members added successfully",
        "group": _group(me, groups.group(me, new.group_id)),
    }


REST = Rest("kebab", blueprint=bp, paths=KEBAB, failed=error_code_and_fields)


def _own_id(id_: str, name: str) -> str:
    """Return the caller's id. Raises Forbidden where the payload has another one."""
    me = caller().id
    if id_ != me:
        raise Forbidden(f"{name} has to be your own id: the token says who you are.")
    return me


def _group(me: str, group: GroupJson) -> dict[str, Any]:
    members = [member["id"] for member in group["members"]]
    return Shapes.read(me, members, conversations_with(me, group["id"])).group(group)
