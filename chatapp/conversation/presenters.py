"""The shapes of colon: what people, messages and conversations look like from outside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypedDict

from chatapp.conversation.blocks import Presence
from chatapp.conversation.preferences import preferences_json
from chatapp.core.clock import iso
from chatapp.models import Conversation, Group, Message, Participant, Reaction, User
from chatapp.text.markdown import render
from chatapp.text.mention_syntax import MentionedPerson


class PersonJson(TypedDict):
    """What anyone may know of a person."""

    id: str
    username: str
    name: str
    description: str | None
    resume_link: str | None
    role: str | None
    profile_picture: str | None
    avatar_url: str | None
    online: bool | None
    last_seen: str | None


class MemberJson(PersonJson):
    """A person in a conversation."""

    member_role: str


class ParticipantJson(MemberJson):
    """A person's place in a conversation."""

    last_read_seq: int


class SenderJson(TypedDict):
    """Who wrote a message."""

    id: str
    name: str
    username: str
    profile_picture: str | None
    avatar_url: str | None
    role: str | None


class ReactionJson(TypedDict):
    """An emoji on a message, and who put it there, the first one first."""

    emoji: str
    count: int
    user_ids: list[str]


class MessageJson(TypedDict):
    """A message as it now is."""

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


class Placed(NamedTuple):
    """Someone in a conversation, as its viewer may know."""

    member: Participant
    user: User
    #: How far they have read.
    pointer: int
    #: How many members the conversation has, and the smallest of their pointers.
    members: int
    least: int


_OF_THE_VIEWER = (
    *("unread_count", "unread_mentions", "last_read_seq"),
    *("notify", "muted_until", "pinned_at", "archived_at"),
)
_EVENT_PARTICIPANT = (
    *("id", "username", "name", "profile_picture", "avatar_url"),
    *("member_role", "last_read_seq"),
)


def picture_path(picture_id: str) -> str:
    """Where a picture that is kept here is shown."""
    return f"/pictures/{picture_id}"


def avatar_url(holder: User | Group | None) -> str | None:
    """What is shown of a person or a group: the picture kept here, None while there is none."""
    return picture_path(holder.picture_id) if holder and holder.picture_id else None


def person_json(user: User, *, online: Presence | None = None) -> PersonJson:
    """Someone's public profile; without ``online`` their presence isn't for the viewer."""
    return {
        "id": user.id,
        "username": user.username,
        "name": user.name,
        "description": user.description,
        "resume_link": user.resume_link,
        "role": user.role,
        "profile_picture": user.profile_picture,
        "avatar_url": avatar_url(user),
        "online": None if online is None else online.online,
        "last_seen": None if online is None else iso(online.last_seen(user)),
    }


def member_json(member: Participant, user: User, online: Presence | None) -> MemberJson:
    """Someone in a conversation; without ``online`` their presence isn't for the viewer."""
    return {**person_json(user, online=online), "member_role": member.member_role}


def message_json(
    message: Message,
    sender: User,
    reactions: Sequence[Reaction] = (),
    mentions: Sequence[MentionedPerson] = (),
) -> MessageJson:
    """A message, who wrote it, whom it mentions, and the reactions to it in their order.

    ``content_html`` is the content where it has Markdown in it or mentions somebody, sanitised;
    None where it is plain.
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
        "mentions": [one.user_id for one in mentions],
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
    participants: Sequence[Placed],
    *,
    online: Mapping[str, Presence],
    last_message: MessageJson | None,
    unread_mentions: int = 0,
) -> ConversationJson:
    """A conversation for one of its members; a one-to-one has the other person's name.

    ``online`` holds those whose presence is for the viewer. Without a viewer it is what everybody
    may see, see `conversation_event`.
    """
    viewer_id = viewer.user_id if viewer else None
    read = viewer.last_read_seq if viewer else 0
    other = next((one.user for one in participants if one.user.id != viewer_id), None)
    direct = conversation.kind == "direct"
    own = preferences_json(conversation, viewer)
    return {
        "id": conversation.id,
        "kind": conversation.kind,
        "name": (other.name if direct and other else conversation.name) or "",
        "group_id": group.id if group else None,
        "picture": (group.group_picture if group else other.profile_picture if other else None),
        "avatar_url": avatar_url(group or other),
        "announcements_only": conversation.announcements_only,
        "participant_count": participants[0].members if participants else 0,
        "participants": [
            {
                **member_json(one.member, one.user, online.get(one.user.id)),
                "last_read_seq": one.pointer,
            }
            for one in participants
        ],
        "last_seq": conversation.last_seq,
        "version": conversation.version,
        "membership_version": conversation.membership_version,
        "last_read_seq": read,
        "read_by_all_seq": participants[0].least if participants else 0,
        "unread_count": conversation.last_seq - read,
        "unread_mentions": unread_mentions,
        "notify": own["notify"],
        "muted_until": own["muted_until"],
        "pinned_at": own["pinned_at"],
        "archived_at": own["archived_at"],
        "last_message": last_message,
        "created_at": iso(conversation.created_at),
        "updated_at": iso(conversation.updated_at),
    }


def without_receipts(message: MessageJson) -> MessageJson:
    """The message as who hides what they read may know it."""
    return {**message, "read_at": None} if message["read_at"] else message


def event_without_receipts(event: str, payload: dict[str, Any]) -> dict[str, Any] | None:
    """What of an event is for those who hide what they read: all, less, or nothing of it."""
    if event == "message:read":
        return None
    if payload.get("read_at"):
        return {**payload, "read_at": None}
    if "read_by_all_seq" in payload:
        last = payload["last_message"]
        return {
            **payload,
            "participants": [{**one, "last_read_seq": 0} for one in payload["participants"]],
            "read_by_all_seq": 0,
            "last_message": last and without_receipts(last),
        }
    return payload


def conversation_event(conversation: ConversationJson) -> dict[str, Any]:
    """The same for every receiver: nothing in it depends on who looks."""
    event: dict[str, Any] = dict(conversation)
    for name in _OF_THE_VIEWER:
        del event[name]
    if conversation["kind"] == "direct":
        del event["name"], event["picture"], event["avatar_url"]
    event["participants"] = [
        {name: participant[name] for name in _EVENT_PARTICIPANT}  # type: ignore[literal-required]
        for participant in conversation["participants"]
    ]
    return event
