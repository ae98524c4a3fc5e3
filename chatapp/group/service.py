"""Use cases of groups. Each change of members, name or rights is a version of the conversation."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from chatapp.conversation.append import append_system_message
from chatapp.conversation.blocks import blocked_with
from chatapp.conversation.members import (
    add_members,
    announce_created,
    announce_updated,
    bump_version,
    current_members,
    remove_member,
)
from chatapp.conversation.person_presenters import picture_path
from chatapp.core.db import atomic, now
from chatapp.core.errors import Conflict, Forbidden, NotFound, ValidationFailed
from chatapp.group.access import GroupAccess, access_group, check_role
from chatapp.group.schemas import GroupPatch
from chatapp.media.service import assign_picture, upload
from chatapp.models import Conversation, Group, Participant, User

_MAX_NAME_LENGTH = 80


def create_group(
    user_id: str,
    *,
    name: str | None,
    member_ids: Sequence[str],
    description: str | None = None,
    picture: str | None = None,
    field: str = "members",
) -> Group:
    """Create a group owned by this person; without a name, it is named after its members.

    Raises ValidationFailed (for ``field``) for an unknown person, and Forbidden across a block.
    """
    with atomic() as work:
        owner, *others = existing_people(work, list(dict.fromkeys((user_id, *member_ids))), field)
        _check_blocks(user_id, [person.id for person in others])
        conversation = Conversation(
            kind="group",
            name=name or _name_after([owner, *others]),
            version=1,
            membership_version=1,
        )
        work.add(conversation)
        work.flush()
        group = Group(
            conversation_id=conversation.id,
            description=description,
            created_by=user_id,
        )
        work.add(group)
        for person in (owner, *others):
            role = "owner" if person is owner else "member"
            work.add(
                Participant(conversation_id=conversation.id, user_id=person.id, member_role=role)
            )
        work.flush()
        assign_picture(work, user_id, group, "group", picture)
        announce_created(conversation)
        append_system_message(conversation, owner, f"{owner.name} created the group")
        return group


def update_group(user_id: str, group_id: str, patch: GroupPatch) -> Group:
    """Change the given fields of a group. Raises NotFound, Forbidden for plain members."""
    with atomic() as work:
        access = access_group(user_id, group_id, lock=True)
        check_role(access.participant, "owner", "admin")
        group, conversation = access.group, access.conversation
        changed = {
            name: value
            for name, value in patch.model_dump(exclude_unset=True).items()
            if getattr(_holder(access, name), name) != value
        }
        if not changed:
            return group
        for name, value in changed.items():
            if name == "group_picture":
                assign_picture(work, user_id, group, "group", value)
            else:
                setattr(_holder(access, name), name, value)
        bump_version(conversation)
        work.flush()
        announce_updated(conversation)
        actor = work.get_one(User, user_id)
        for text in _describe_changes(conversation, changed, actor.name):
            append_system_message(conversation, actor, text)
        return group


def _holder(access: GroupAccess, name: str) -> Group | Conversation:
    """Return the row that has this field."""
    of_conversation = name in ("name", "announcements_only")
    return access.conversation if of_conversation else access.group


def _describe_changes(
    conversation: Conversation, changed: Collection[str], actor: str
) -> Iterator[str]:
    """Return the system messages about a change."""
    if "name" in changed:
        yield f"{actor} renamed the group to “{conversation.name}”"
    if "announcements_only" in changed:
        writers = "only admins" if conversation.announcements_only else "everyone"
        yield f"{actor} now lets {writers} write"


def set_group_picture(user_id: str, group_id: str, data: bytes | None) -> Group:
    """Set the group's picture, or remove it with None.

    Raises what `update_group` and `upload` raise.
    """
    address = None if data is None else picture_path(upload(user_id, "group", data).id)
    return update_group(user_id, group_id, GroupPatch(group_picture=address))


def delete_group(user_id: str, group_id: str) -> None:
    """Delete a group and its conversation for everybody. Raises NotFound, Forbidden."""
    with atomic() as work:
        access = access_group(user_id, group_id, lock=True)
        check_role(access.participant, "owner")
        members = current_members(work, access.conversation.id)
        assign_picture(work, user_id, access.group, "group", None)
        access.group.deleted_at = access.conversation.deleted_at = now()
        bump_version(access.conversation, members=True)
        work.flush()
        announce_updated(access.conversation, left=frozenset(members))


def add_group_members(user_id: str, group_id: str, user_ids: Sequence[str]) -> Group:
    """Add people to a group; members keep their roles.

    Raises NotFound, Forbidden for plain members and across a block, ValidationFailed for an
    unknown person; then nobody is added.
    """
    with atomic() as work:
        access = access_group(user_id, group_id, lock=True)
        check_role(access.participant, "owner", "admin")
        people = existing_people(work, list(dict.fromkeys(user_ids)), "user_ids")
        members = current_members(work, access.conversation.id)
        _check_blocks(user_id, [person.id for person in people if person.id not in members])
        add_members(work, access.conversation, work.get_one(User, user_id), people)
        return access.group


def set_role(user_id: str, group_id: str, member_id: str, role: str) -> Group:
    """Give a member a role.

    Raises NotFound, Forbidden for anyone but an owner, Conflict for demoting the last owner.
    """
    with atomic() as work:
        access = access_group(user_id, group_id, lock=True)
        check_role(access.participant, "owner")
        members = current_members(work, access.conversation.id)
        member = members.get(member_id)
        if member is None:
            raise NotFound("This person isn't a member.")
        if member.member_role == role:
            return access.group
        owners = [other for other in members.values() if other.member_role == "owner"]
        if owners == [member]:
            raise Conflict("Make someone else an owner first.")
        member.member_role = role
        bump_version(access.conversation, members=True)
        work.flush()
        announce_updated(access.conversation)
        actor, person = work.get_one(User, user_id), work.get_one(User, member_id)
        article = "a" if role == "member" else "an"
        text = f"{actor.name} made {person.name} {article} {role}"
        append_system_message(access.conversation, actor, text)
        return access.group


def remove_group_member(user_id: str, group_id: str, member_id: str) -> None:
    """Remove a member, who hears of nothing that is committed after it.

    Owners remove anyone, admins remove plain members, and everybody may leave. The last owner who
    leaves passes the group on. Raises NotFound, Forbidden.
    """
    with atomic() as work:
        access = access_group(user_id, group_id, lock=True)
        leaving = current_members(work, access.conversation.id).get(member_id)
        if leaving is None:
            raise NotFound("This person isn't a member.")
        if member_id != user_id:
            check_role(access.participant, "owner", "admin")
            if access.participant.member_role == "admin" and leaving.member_role != "member":
                raise Forbidden("Admins can only remove plain members.")
        actor, person = work.get_one(User, user_id), work.get_one(User, member_id)
        remove_member(work, access.conversation, actor, leaving, person)


def _check_blocks(user_id: str, others: Collection[str]) -> None:
    """Raise Forbidden if there is a block between this person and one of the others."""
    if blocked_with(user_id) & set(others):
        raise Forbidden("You can't add someone while one of you blocks the other.")


def existing_people(work: Session, ids: Sequence[str], field: str) -> list[User]:
    """Return these people in this order, and keep their accounts from deletion until the commit.

    Raises ValidationFailed (for ``field``) if one doesn't exist.
    """
    found = {
        user.id: user
        for user in work.scalars(
            select(User)
            .where(User.id.in_(ids), User.is_active, User.deleted_at.is_(None))
            .order_by(User.id)
            .with_for_update(read=True, key_share=True)  # no account is deleted before the commit
            .execution_options(populate_existing=True)
        )
    }
    if len(found) != len(ids):
        raise ValidationFailed(fields={field: "One of these people doesn't exist."})
    return [found[id_] for id_ in ids]


def _name_after(people: Sequence[User]) -> str:
    names = ", ".join(person.name for person in people)
    return names if len(names) <= _MAX_NAME_LENGTH else f"{names[: _MAX_NAME_LENGTH - 1]}…"
