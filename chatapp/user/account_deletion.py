"""Deactivate or delete the caller's own account."""

from __future__ import annotations

from sqlalchemy import Select, delete, or_
from sqlalchemy.orm import Session

from chatapp.auth import sign_ins
from chatapp.auth.admin import accounts
from chatapp.auth.link_tokens import revoke_links
from chatapp.auth.signin.reauthentication import reauthenticate
from chatapp.conversation.access import lock_conversations
from chatapp.conversation.conversations import own_conversations
from chatapp.conversation.members import current_members, remove_member
from chatapp.core.db import atomic, now
from chatapp.core.errors import Unavailable
from chatapp.media.service import delete_all_pictures
from chatapp.models import Contact, Conversation, LinkedAccount, SignIn, User
from chatapp.security import audit

_MAX_TRIES = 5


def deactivate_own_account(sign_in: SignIn, password: str | None) -> None:
    """End all sign-ins until an administrator reactivates the account. Its data stays.

    Raises as `reauthenticate`, and Conflict for the only administrator.
    """
    reauthenticate(sign_in, password)
    with atomic() as work:
        accounts.check_not_last_administrator(work, sign_in.user_id)
        accounts.deactivate(sign_in.user_id)


def delete_own_account(sign_in: SignIn, password: str | None) -> None:
    """Soft-delete the account: leave all groups, clear the profile, end all sign-ins.

    Messages stay, under the name "Deleted user"; the email and username become free. Raises as
    `reauthenticate`, Conflict for the only administrator, Unavailable if groups kept changing.
    """
    reauthenticate(sign_in, password)
    for _ in range(_MAX_TRIES):
        if _try_to_delete(sign_in.user_id):
            audit.note("deleted", user_id=sign_in.user_id)
            return
    raise Unavailable()


def _try_to_delete(user_id: str) -> bool:
    """Return False, having changed nothing, if the user was added to a group at the same time.

    Conversations are locked before people, as adding a member does. A group that appears between
    the two could only be locked in the wrong order.
    """
    with atomic() as work:
        group_ids = set(work.scalars(_group_ids(user_id)))
        conversations = lock_conversations(work, group_ids)
        accounts.check_not_last_administrator(work, user_id)
        user = work.get_one(User, user_id, with_for_update=True, populate_existing=True)
        if set(work.scalars(_group_ids(user_id))) - group_ids:
            return False
        for conversation in conversations.values():
            participant = current_members(work, conversation.id).get(user_id)
            if participant is not None:
                remove_member(work, conversation, user, participant, user)
        _clear_profile(user)
        delete_all_pictures(work, user)
        revoke_links(work, user_id)
        sign_ins.end_all_sign_ins(user_id)
        _delete_relations(work, user_id)
    return True


def _clear_profile(user: User) -> None:
    user.deleted_at = now()
    user.name, user.username = "Deleted user", f"deleted.{user.id}"
    user.email = user.email_verified_at = None
    user.external_id = user.password_hash = user.phone_number = None
    user.description = user.resume_link = user.role = None


def _delete_relations(work: Session, user_id: str) -> None:
    work.execute(delete(LinkedAccount).where(LinkedAccount.user_id == user_id))
    either_way = or_(Contact.user_id == user_id, Contact.contact_id == user_id)
    work.execute(delete(Contact).where(either_way))


def _group_ids(user_id: str) -> Select[int]:
    conversations = own_conversations(user_id).where(Conversation.kind == "group")
    return conversations.with_only_columns(Conversation.id)
