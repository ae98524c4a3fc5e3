"""Kebab's shapes of people, contacts, groups and messages."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from chatapp.auth.presenters import account_json
from chatapp.conversation.addressing import Addressed, addressed_to, last_written
from chatapp.conversation.presenters import ConversationJson
from chatapp.dialects.shapes import url_or_text
from chatapp.models import User
from chatapp.user import queries as people
from chatapp.user import relationship_queries

_OTHERS = ("id", "name", "description", "resume_link", "role", "profile_picture")
_OWN = (*_OTHERS, "email", "theme_mode", "theme_color", "background_image", "created_at")
_GROUP = ("id", "name", "description", "group_picture", "created_by", "created_at")


def own_user(me: User) -> dict[str, Any]:
    """Shape the caller's account."""
    account: Mapping[str, Any] = account_json(me)
    return {name: account[name] for name in _OWN}


def message(
    payload: Mapping[str, Any], *, receiver_id: str, group_id: str | None
) -> dict[str, Any]:
    """Shape a message; its receiver is the group, or the other one of two people."""
    return {
        "id": payload["id"],
        "sender_id": payload["sender_id"],
        "receiver_id": receiver_id,
        "is_group": group_id is not None,
        "content": url_or_text(payload),
        "created_at": payload["created_at"],
    }


def addressed_message(payload: Mapping[str, Any], addressed: Addressed) -> dict[str, Any]:
    """Shape a message of a conversation that is addressed like this."""
    receiver_id = addressed.receiver(payload["sender_id"])
    return message(payload, receiver_id=receiver_id, group_id=addressed.group_id)


def user(person: Mapping[str, Any], created_at: Mapping[str, str]) -> dict[str, Any]:
    """Shape another person; ``created_at`` holds when each account was made."""
    return {**{name: person[name] for name in _OTHERS}, "created_at": created_at[person["id"]]}


@dataclass(frozen=True, slots=True)
class Shapes:
    """What this dialect shows beside people and groups, read for all of them at once."""

    me: str
    #: By person: when the account was made.
    created_at: Mapping[str, str]
    #: By person: the id of the viewer's contact.
    contact_ids: Mapping[str, str]
    #: By the other person's or the group's id: the last message, and how many are unread.
    activity: Mapping[str, dict[str, Any]]

    @classmethod
    def read(
        cls, me: str, user_ids: Collection[str], conversations: Sequence[ConversationJson]
    ) -> Self:
        """Read it for these people and conversations, as ``me`` sees them."""
        ids = [one["id"] for one in conversations]
        to, last = addressed_to(ids), last_written(ids)
        return cls(
            me=me,
            created_at=people.find_creation_times(user_ids),
            contact_ids=relationship_queries.find_contact_ids(me, user_ids),
            activity={
                to[one["id"]].receiver(me): {
                    "last_message": addressed_message(last[one["id"]], to[one["id"]])
                    if one["id"] in last
                    else None,
                    "unread_count": one["unread_count"],
                }
                for one in conversations
            },
        )

    def contact(self, contact: Mapping[str, Any]) -> dict[str, Any]:
        """Shape a contact, with the last message between the two."""
        other = contact["user"]["id"]
        return {
            "id": self.contact_ids.get(other),
            "user_id": self.me,
            "contact_id": other,
            "created_at": contact["created_at"],
            "user": user(contact["user"], self.created_at),
            **self._activity(other),
        }

    def group(self, group: Mapping[str, Any]) -> dict[str, Any]:
        """Shape a group with its members and its last message."""
        return {
            **{name: group[name] for name in _GROUP},
            "members": [user(member, self.created_at) for member in group["members"]],
            **self._activity(group["id"]),
        }

    def _activity(self, receiver_id: str) -> dict[str, Any]:
        return self.activity.get(receiver_id, {"last_message": None, "unread_count": 0})
