"""Input schemas for conversations and messages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal, Self

import emoji
from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, model_validator

from chatapp.conversation.changes import MAX_MESSAGES
from chatapp.conversation.preferences import FOREVER, Level
from chatapp.core.clock import parse
from chatapp.core.db import MAX_ID, now
from chatapp.core.paging import DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE, PageQuery, limit_up_to
from chatapp.core.validation import (
    BlankIsNone,
    ClientId,
    ConversationId,
    Line,
    MessageText,
    Name,
    Seq,
    Uuid,
    clean,
    is_web_address,
)

NOT_AN_ADDRESS = "The content must be the http(s) address of the file."


def fits_type(type_: str, content: str) -> bool:
    """Return whether ``content`` may be the content of a message of this type."""
    return type_ == "text" or is_web_address(content)


class MessageBody(BaseModel):
    """A message to send. Unless its type is text, its content is the http(s) address of a file."""

    content: MessageText
    type: Literal["text", "image", "video", "file"] = "text"
    client_id: ClientId | None = None
    reply_to: Uuid | None = None
    #: Confirms that @all may notify many people.
    mention_all: bool = False

    @model_validator(mode="after")
    def _address(self) -> Self:
        if not fits_type(self.type, self.content):
            raise ValueError(NOT_AN_ADDRESS)
        return self


class MessageForm(MessageBody):
    """The page's form, in which an empty field means "not given"."""

    client_id: Annotated[ClientId | None, BlankIsNone] = None

    reply_to: Annotated[Uuid | None, BlankIsNone] = None


class Edit(BaseModel):
    """A message's new text."""

    content: MessageText
    mention_all: bool = False


class MessageRef(BaseModel):
    """A message."""

    message_id: Uuid


class EditEvent(Edit, MessageRef):
    """A message and its new text."""


def _emoji(text: str) -> str:
    text = clean(text)
    if len(text) > 32 or emoji.emoji_count(text) != 1 or not emoji.purely_emoji(text):
        raise ValueError("This isn't an emoji")
    return text


Emoji = Annotated[str, AfterValidator(_emoji)]


class ReactionBody(BaseModel):
    """An emoji to add to a message or to remove from it."""

    emoji: Emoji


class ReactionEvent(ReactionBody, MessageRef):
    """A message and an emoji."""


class NewMessage(MessageBody):
    """A message to send, and where to."""

    conversation_id: ConversationId


class NewConversation(BaseModel):
    """The people of a new conversation; a single one makes it one-to-one."""

    participant_ids: Annotated[list[Uuid], Field(max_length=1000)]
    name: Annotated[Name | None, BlankIsNone] = None


class Read(BaseModel):
    """The last message that was read."""

    seq: Seq


class ReadEvent(Read):
    """The last message that was read, and its conversation."""

    conversation_id: ConversationId


class ConversationRef(BaseModel):
    """A conversation."""

    conversation_id: ConversationId


class Join(ConversationRef):
    """A conversation to view, and the version that the client knows."""

    after_version: Seq | None = None


def _conversation_key(text: str) -> str:
    if not (text.isascii() and text.isdigit() and len(text) <= 10 and 1 <= int(text) <= MAX_ID):
        raise ValueError("This isn't the id of a conversation")
    return text


class Known(BaseModel):
    """The version that a client knows of each conversation, by conversation id."""

    versions: Annotated[
        dict[Annotated[str, AfterValidator(_conversation_key)], Seq], Field(max_length=5000)
    ] = {}

    def by_id(self) -> dict[int, int]:
        """Return the versions by numeric id."""
        return {int(text): version for text, version in self.versions.items()}


#: The filters of the list of conversations.
Filter = Literal["all", "unread", "groups", "people", "archived"]


class ListQuery(PageQuery):
    """A page of your conversations; with ``q``, of those whose name contains it."""

    filter: Filter = "all"
    q: Annotated[Line, Field(max_length=100)] = ""


def _moment(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return min(parse(value), FOREVER).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("Give a time like 2026-01-31T12:00:00Z") from None


class PreferencesPatch(BaseModel):
    """Preferences to change: a field that isn't given stays, null resets it."""

    notify: Level | None = None
    muted_until: Annotated[datetime | None, BeforeValidator(_moment)] = None
    pinned: bool = False
    archived: bool = False


_MUTES = {
    "1h": timedelta(hours=1),
    "8h": timedelta(hours=8),
    "1w": timedelta(weeks=1),
}


class PreferencesForm(BaseModel):
    """Preferences to change by the page's buttons, each of which sends one field."""

    notify: Literal["account", "all", "mentions", "none"] | None = None
    mute: Literal["1h", "8h", "1w", "always", "off"] | None = None
    pinned: bool | None = None
    archived: bool | None = None

    def patch(self) -> PreferencesPatch:
        """Return the preferences to change."""
        given: dict[str, Any] = self.model_dump(include={"pinned", "archived"}, exclude_none=True)
        if self.notify is not None:
            given["notify"] = None if self.notify == "account" else self.notify
        if self.mute == "off":
            given["muted_until"] = None
        elif self.mute is not None:
            given["muted_until"] = now() + _MUTES[self.mute] if self.mute in _MUTES else FOREVER
        return PreferencesPatch(**given)


class NotificationsForm(BaseModel):
    """The account's notification level, for conversations without their own."""

    notify: Level


class MessagesQuery(BaseModel):
    """A page of messages. Bounds are exclusive; without one it is the newest page."""

    before: Seq | None = None
    after: Seq | None = None
    around: Seq | None = None
    limit: limit_up_to(MAX_PAGE_SIZE) = DEFAULT_PAGE_SIZE  # type: ignore[valid-type]

    @model_validator(mode="after")
    def _one_bound(self) -> Self:
        if sum(bound is not None for bound in (self.before, self.after, self.around)) > 1:
            raise ValueError("Give only one of before, after and around")
        return self


class MembersQuery(PageQuery):
    """A page of members; with ``q``, of those whose username or any part of the name starts so."""

    q: Annotated[Line, Field(max_length=100)] = ""


class ChangesQuery(BaseModel):
    """Changes after a version."""

    after_version: Seq = 0
    limit: limit_up_to(MAX_MESSAGES) = 200  # type: ignore[valid-type]
