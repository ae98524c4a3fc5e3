"""Use cases about people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from flask import current_app
from sqlalchemy import Select, delete, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from chatapp.auth.admin import accounts
from chatapp.auth.mailed_links.links import end_links
from chatapp.auth.service import refuse_taken
from chatapp.auth.signin import sign_ins
from chatapp.auth.signin.password_change import prove_oneself
from chatapp.conversation.access import lock_conversations
from chatapp.conversation.blocks import blocked_with
from chatapp.conversation.members import current_members, remove_member
from chatapp.conversation.pointers import hide_receipts, show_receipts
from chatapp.conversation.queries import own_conversations
from chatapp.core.db import announce, atomic, insert, now
from chatapp.core.errors import Forbidden, NotFound, Unavailable, ValidationFailed
from chatapp.media.images import Purpose
from chatapp.media.service import drop_all_of, give_picture
from chatapp.models import (
    Block,
    Contact,
    Conversation,
    LinkedAccount,
    SignIn,
    User,
)
from chatapp.security import audit
from chatapp.user import queries
from chatapp.user.presenters import SinceJson
from chatapp.user.schemas import ProfilePatch
from config import Settings

_TRIES = 5
_PICTURES: dict[str, Purpose] = {"profile_picture": "profile", "background_image": "background"}


def block(user_id: str, other_id: str) -> None:
    """Neither of the two can write to the other one-to-one, nor sees the other's presence.

    Raises NotFound for an unknown person, ValidationFailed for oneself.
    """
    if other_id == user_id:
        raise ValidationFailed("You can't block yourself.")
    with atomic() as work:
        known = select(User.id).where(User.id == other_id, User.deleted_at.is_(None))
        if work.scalar(known) is None:
            raise NotFound("There is nobody here by this id.")
        new = insert(work, Block).values(blocker_id=user_id, blocked_id=other_id)
        work.execute(new.on_conflict_do_nothing())
        _look_anew(user_id, other_id)


def unblock(user_id: str, other_id: str) -> None:
    """This person's own block of the other is lifted, if there was one."""
    with atomic() as work:
        work.execute(delete(Block).where(Block.blocker_id == user_id, Block.blocked_id == other_id))
        _look_anew(user_id, other_id)


def update_profile(user_id: str, patch: ProfilePatch) -> User:
    """What is given of this person's profile and preferences is so; all of it, or nothing.

    Raises ValidationFailed for a role or a theme that there isn't, and for somebody else's picture;
    Conflict where the username is taken.
    """
    given = patch.given()
    username = given.get("username")
    try:
        with atomic() as work:
            conversations = _lock_for_receipts(work, user_id, patch)
            user = work.get_one(User, user_id, with_for_update=True, populate_existing=True)
            hid = user.hide_read_receipts
            _refuse_unknown(user, given)
            if username is not None and username != user.username:
                refuse_taken(username=username)
            for name, value in given.items():
                if name in _PICTURES:
                    give_picture(work, user_id, user, _PICTURES[name], value)
                else:
                    setattr(user, name, value)
            if user.hide_read_receipts != hid:
                _switch_receipts(work, user, conversations)
    except IntegrityError:
        refuse_taken(username=username)  # by somebody who took it a moment ago
        raise
    return user


def _lock_for_receipts(
    work: Session, user_id: str, patch: ProfilePatch
) -> Mapping[int, Conversation]:
    """Their conversations where ``patch`` may change who waits for whom: locked before people."""
    if patch.hide_read_receipts is None:
        return {}
    return lock_conversations(work, work.scalars(_conversations_of(user_id)).all())


def _switch_receipts(work: Session, user: User, conversations: Mapping[int, Conversation]) -> None:
    work.flush()
    if user.hide_read_receipts:
        hide_receipts(work, user.id, conversations)
    else:
        direct = [id_ for id_, one in conversations.items() if one.kind == "direct"]
        show_receipts(work, direct)
    announce(
        "receipts:switched",
        {"hidden": user.hide_read_receipts},
        user_ids=frozenset((user.id,)),
    )


def _refuse_unknown(user: User, given: Mapping[str, Any]) -> None:
    """Raises ValidationFailed unless there is what these fields name. What stands may stay."""
    settings: Settings = current_app.config["SETTINGS"]
    new = {name: value for name, value in given.items() if value != getattr(user, name)}
    wrong = {}
    if new.get("role") and settings.user_roles and new["role"] not in settings.user_roles:
        wrong["role"] = f"A role here is one of: {', '.join(settings.user_roles)}."
    if new.get("theme") and new["theme"] not in settings.themes:
        wrong["theme"] = f"A theme here is one of: {', '.join(settings.themes)}."
    if wrong:
        raise ValidationFailed(fields=wrong)


def add_contact(user_id: str, other_id: str) -> tuple[SinceJson, bool]:
    """The other is among this person's contacts; and whether they weren't before.

    One-way, and without consent; the other's contacts stay as they are. Raises ValidationFailed for
    oneself and where there is no such active person, Forbidden across a block.
    """
    if other_id == user_id:
        raise ValidationFailed(fields={"user_id": "You can't be your own contact."})
    with atomic() as work:
        both = (
            select(User.id)
            .where(User.id.in_([user_id, other_id]), User.is_active, User.deleted_at.is_(None))
            .order_by(User.id)
            .with_for_update(read=True, key_share=True)  # no account is deleted meanwhile
        )
        if len(work.scalars(both).all()) < 2:
            raise ValidationFailed(fields={"user_id": "There is nobody here by this id."})
        if other_id in blocked_with(user_id):
            raise Forbidden("You can't add somebody while one of you blocks the other.")
        id_ = str(uuid4())
        new = insert(work, Contact).values(id=id_, user_id=user_id, contact_id=other_id)
        stored = work.execute(
            new.on_conflict_do_update(
                index_elements=[Contact.user_id, Contact.contact_id],
                set_={"updated_at": Contact.updated_at},  # so that the row that stands is returned
            ).returning(Contact.id)
        ).scalar_one()
        _look_anew(other_id)
    return queries.contact(user_id, other_id), stored == id_


def remove_contact(user_id: str, other_id: str) -> None:
    """The other is not among this person's contacts."""
    with atomic() as work:
        work.execute(
            delete(Contact).where(Contact.user_id == user_id, Contact.contact_id == other_id)
        )
        _look_anew(other_id)


def _look_anew(*user_ids: str) -> None:
    """Whose presence is for these people may be others from the commit on."""
    announce("noticing:changed", {}, user_ids=frozenset(user_ids))


def deactivate_oneself(mine: SignIn, password: str | None) -> None:
    """Signed out everywhere, until an administrator lifts it; memberships and messages stay.

    Raises as `prove_oneself` does, and Conflict for the only administrator.
    """
    prove_oneself(mine, password)
    with atomic() as work:
        accounts.keep_an_administrator(work, mine.user_id)
        accounts.deactivate(mine.user_id)


def delete_account(mine: SignIn, password: str | None) -> None:
    """The account is gone, softly: groups are left, the name reads "Deleted user".

    Its address and username are free again; every token, session and socket ends.
    Raises as `prove_oneself` does, and Conflict for the only administrator.
    """
    prove_oneself(mine, password)
    for _ in range(_TRIES):
        if _try_to_delete(mine.user_id):
            audit.note("deleted", user_id=mine.user_id)
            return
    raise Unavailable()


def _try_to_delete(user_id: str) -> bool:
    """False where somebody added them to a group meanwhile: nothing is done then.

    Conversations are locked before people, as adding a member does; a group that came up between
    the two could only be locked in the wrong order.
    """
    with atomic() as work:
        groups = set(work.scalars(_groups_of(user_id)))
        conversations = lock_conversations(work, groups)
        accounts.keep_an_administrator(work, user_id)
        user = work.get_one(User, user_id, with_for_update=True, populate_existing=True)
        if set(work.scalars(_groups_of(user_id))) - groups:
            return False
        for conversation in conversations.values():
            leaving = current_members(work, conversation.id).get(user_id)
            if leaving is not None:
                remove_member(work, conversation, user, leaving, user)
        user.deleted_at = now()
        user.name, user.username, user.email = "Deleted user", f"deleted.{user_id}", None
        user.external_id = None
        user.password_hash = user.phone_number = None
        user.description = user.resume_link = user.role = None
        user.email_verified_at = None
        drop_all_of(work, user)
        end_links(work, user_id)
        sign_ins.end_all(user_id)
        work.execute(delete(LinkedAccount).where(LinkedAccount.user_id == user_id))
        kept = or_(Contact.user_id == user_id, Contact.contact_id == user_id)
        work.execute(delete(Contact).where(kept))
    return True


def _groups_of(user_id: str) -> Select[int]:
    return _conversations_of(user_id).where(Conversation.kind == "group")


def _conversations_of(user_id: str) -> Select[int]:
    return own_conversations(user_id).with_only_columns(Conversation.id)
