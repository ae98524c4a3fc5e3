"""Kebab's shapes of people, contacts, groups and messages."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Self

from chatapp.auth.presenters import account_json
from chatapp.chat.lists import all_conversations
from chatapp.conversation.presenters import ConversationJson
from chatapp.conversation.reading import Addressed, addressed_to
from chatapp.dialects.shapes import address_or_text
from chatapp.models import User
from chatapp.user import queries as people

_OTHERS = ("id", "name", "description", "resume_link", "role", "profile_picture")
_OWN = (*_OTHERS, "email", "theme_mode", "theme_color", "background_image", "created_at")
_GROUP = ("id", "name", "description", "group_picture", "created_by", "created_at")


def own_user(me: User) -> dict[str, Any]:
    """One's own account."""
    account: Mapping[str, Any] = account_json(me)
    return {name: account[name] for name in _OWN}


def message(payload: Mapping[str, Any], addressed: Addressed) -> dict[str, Any]:
    """A message; `receiver_id` as its sender would have written it."""
    return {
        "id": payload["id"],
        "sender_id": payload["sender_id"],
        "receiver_id": addressed.receiver(payload["sender_id"]),
        "is_group": addressed.group_id is not None,
        "content": address_or_text(payload),
        "created_at": payload["created_at"],
    }


@dataclass(frozen=True, slots=True)
class Shapes:
    """What this dialect shows beside people and groups, read for all of them at once."""

    me: str
    #: When each account was made, and the ids of those that are contacts of one's own.
    since: Mapping[str, str]
    contact_ids: Mapping[str, str]
    #: One's conversations, by the other person's or the group's id.
    conversations: Mapping[str, tuple[ConversationJson, Addressed]]

    @classmethod
    def around(cls, me: str, user_ids: Collection[str]) -> Self:
        """For these people, as ``me`` sees them, and all of one's own conversations."""
        own = all_conversations(me)
        to = addressed_to([one["id"] for one in own])
        return cls(
            me=me,
            since=people.members_since(user_ids),
            contact_ids=people.contact_ids(me, user_ids),
            conversations={to[one["id"]].receiver(me): (one, to[one["id"]]) for one in own},
        )

    def user(self, person: Mapping[str, Any]) -> dict[str, Any]:
        """Somebody else."""
        shown = {name: person[name] for name in _OTHERS}
        return {**shown, "created_at": self.since[person["id"]]}

    def contact(self, contact: Mapping[str, Any]) -> dict[str, Any]:
        """Somebody at hand, with what was said last between the two."""
        other = contact["user"]["id"]
        return {
            "id": self.contact_ids.get(other),
            "user_id": self.me,
            "contact_id": other,
            "created_at": contact["created_at"],
            "user": self.user(contact["user"]),
            **self._news(other),
        }

    def group(self, group: Mapping[str, Any]) -> dict[str, Any]:
        """A group with its members, and what was said last in it."""
        return {
            **{name: group[name] for name in _GROUP},
            "members": [self.user(member) for member in group["members"]],
            **self._news(group["id"]),
        }

    def _news(self, receiver_id: str) -> dict[str, Any]:
        found = self.conversations.get(receiver_id)
        if found is None:
            return {"last_message": None, "unread_count": 0}
        conversation, addressed = found
        last = conversation["last_message"]
        shown = message(last, addressed) if last and not last["deleted_at"] else None
        return {"last_message": shown, "unread_count": conversation["unread_count"]}
