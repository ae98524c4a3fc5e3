"""JSON of messages and conversations, in the colon dialect."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypedDict

from chatapp.conversation.person_presenters import PersonJson, avatar_url, person_json
from chatapp.conversation.preferences import preferences_json
from chatapp.conversation.presence_visibility import Presence
from chatapp.core.clock import iso
from chatapp.models import Conversation, Group, Message, Participant, Reaction, User
from chatapp.text.markdown import render
from chatapp.text.mention_syntax import MentionedPerson


class MemberJson(PersonJson):
    """A person in a conversation."""

    member_role: str


class ParticipantJson(MemberJson):
    """A member of a conversation, with how far they have read."""

    last_read_seq: int


class SenderJson(TypedDict):
    """The author of a message."""

    id: str
    name: str
    username: str
    profile_picture: str | None
    avatar_url: str | None
    role: str | None


class ReactionJson(TypedDict):
    """An emoji on a message, with the people who reacted with it, in order."""

    emoji: str
    count: int
    user_ids: list[str]


class MessageJson(TypedDict):
    """A message in its present state."""

    id: str
    conversation_id: int
    seq: int
    client_id: str | None
    sender_id: str
    sender: SenderJson
    type: str
    content: str | None
    content_html: str | None
    media: dict[str, Any] | None
    reply_to: str | None
    reactions: list[ReactionJson]
    mentions: list[str]
    mentions_all: bool
    version: int
    read_at: str | None
    created_at: str
    updated_at: str
    edited_at: str | None
    deleted_at: str | None


class ConversationJson(TypedDict):
    """A conversation as one of its members sees it."""

    id: int
    kind: str
    name: str
    group_id: str | None
    picture: str | None
    avatar_url: str | None
    announcements_only: bool
    participant_count: int
    participants: list[ParticipantJson]
    last_seq: int
    version: int
    membership_version: int
    last_read_seq: int
    read_by_all_seq: int
    unread_count: int
    unread_mentions: int
    notify: str | None
    muted_until: str | None
    pinned_at: str | None
    archived_at: str | None
    last_message: MessageJson | None
    created_at: str
    updated_at: str


class VisibleParticipant(NamedTuple):
    """A member of a conversation, with what the viewer may know about them."""

    member: Participant
    user: User
    #: How far this member has read.
    read_seq: int
    #: The number of members of the conversation, and how far all of them have read.
    member_count: int
    min_read_seq: int


_VIEWER_FIELDS = (
    *("unread_count", "unread_mentions", "last_read_seq"),
    *("notify", "muted_until", "pinned_at", "archived_at"),
)
_EVENT_PARTICIPANT_FIELDS = (
    *("id", "username", "name", "profile_picture", "avatar_url"),
    *("member_role", "last_read_seq"),
)


def member_json(member: Participant, user: User, presence: Presence | None) -> MemberJson:
    """Return a member of a conversation; ``presence`` is None if the viewer may not see it."""
    return {**person_json(user, presence=presence), "member_role": member.member_role}


def message_json(
    message: Message,
    sender: User,
    reactions: Sequence[Reaction] = (),
    mentions: Sequence[MentionedPerson] = (),
) -> MessageJson:
    """Return a message with its sender, mentions and reactions.

    ``content_html`` is the sanitised HTML of content that has Markdown or mentions in it, None for
    plain text.
    """
    text, html = message.content, None
    if text is not None and message.type == "text":
        html = render(text, mentions, everybody=message.mentions_all)
    return {
        "id": message.id,
        "conversation_id": message.conversation_id,
        "seq": message.seq,
        "client_id": message.client_id,
        "sender_id": message.sender_id,
        "sender": {
            "id": sender.id,
            "name": sender.name,
            "username": sender.username,
            "profile_picture": sender.profile_picture,
            "avatar_url": avatar_url(sender),
            "role": sender.role,
        },
        "type": message.type,
        "content": text,
        "content_html": html,
        "media": None,
        "reply_to": message.reply_to_id,
        "reactions": _reactions_json(reactions),
        "mentions": [person.user_id for person in mentions],
        "mentions_all": message.mentions_all,
        "version": message.version,
        "read_at": iso(message.read_at),
        "created_at": iso(message.created_at),
        "updated_at": iso(message.updated_at),
        "edited_at": iso(message.edited_at),
        "deleted_at": iso(message.deleted_at),
    }


def _reactions_json(reactions: Sequence[Reaction]) -> list[ReactionJson]:
    by_emoji: dict[str, list[str]] = {}
    for reaction in reactions:
        by_emoji.setdefault(reaction.emoji, []).append(reaction.user_id)
    return [
        {"emoji": emoji, "count": len(user_ids), "user_ids": user_ids}
        for emoji, user_ids in by_emoji.items()
    ]


def conversation_json(
    conversation: Conversation,
    viewer: Participant | None,
    group: Group | None,
    participants: Sequence[VisibleParticipant],
    *,
    presence: Mapping[str, Presence],
    last_message: MessageJson | None,
    unread_mentions: int = 0,
) -> ConversationJson:
    """Return a conversation as ``viewer`` sees it; a one-to-one has the other person's name.

    ``presence`` holds the people whose presence the viewer may see. Pass no viewer for an event:
    see `conversation_event`.
    """
    viewer_id = viewer.user_id if viewer else None
    read = viewer.last_read_seq if viewer else 0
    other = next((shown.user for shown in participants if shown.user.id != viewer_id), None)
    direct = conversation.kind == "direct"
    preferences = preferences_json(conversation, viewer)
    return {
        "id": conversation.id,
        "kind": conversation.kind,
        "name": (other.name if direct and other else conversation.name) or "",
        "group_id": group.id if group else None,
        "picture": (group.group_picture if group else other.profile_picture if other else None),
        "avatar_url": avatar_url(group or other),
        "announcements_only": conversation.announcements_only,
        "participant_count": participants[0].member_count if participants else 0,
        "participants": [
            {
                **member_json(shown.member, shown.user, presence.get(shown.user.id)),
                "last_read_seq": shown.read_seq,
            }
            for shown in participants
        ],
        "last_seq": conversation.last_seq,
        "version": conversation.version,
        "membership_version": conversation.membership_version,
        "last_read_seq": read,
        "read_by_all_seq": participants[0].min_read_seq if participants else 0,
        "unread_count": conversation.last_seq - read,
        "unread_mentions": unread_mentions,
        "notify": preferences["notify"],
        "muted_until": preferences["muted_until"],
        "pinned_at": preferences["pinned_at"],
        "archived_at": preferences["archived_at"],
        "last_message": last_message,
        "created_at": iso(conversation.created_at),
        "updated_at": iso(conversation.updated_at),
    }


def without_receipts(message: MessageJson) -> MessageJson:
    """Return the message for a viewer who hides their read receipts: without `read_at`."""
    return {**message, "read_at": None} if message["read_at"] else message


def event_without_receipts(event: str, payload: dict[str, Any]) -> dict[str, Any] | None:
    """Return an event for people who hide their read receipts, or None if they don't get it."""
    if event == "message:read":
        return None
    if payload.get("read_at"):
        return {**payload, "read_at": None}
    if "read_by_all_seq" in payload:
        last = payload["last_message"]
        return {
            **payload,
            "participants": [{**member, "last_read_seq": 0} for member in payload["participants"]],
            "read_by_all_seq": 0,
            "last_message": last and without_receipts(last),
        }
    return payload


def conversation_event(conversation: ConversationJson) -> dict[str, Any]:
    """Return what every receiver may see: without the fields that depend on the viewer."""
    event: dict[str, Any] = dict(conversation)
    for name in _VIEWER_FIELDS:
        del event[name]
    if conversation["kind"] == "direct":
        del event["name"], event["picture"], event["avatar_url"]
    event["participants"] = [
        {name: participant[name] for name in _EVENT_PARTICIPANT_FIELDS}  # type: ignore[literal-required]
        for participant in conversation["participants"]
    ]
    return event
