"""Mentions: found when a message is written, stored in rows, announced after the commit."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import (
    BindParameter,
    Select,
    and_,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    true,
    union,
)
from sqlalchemy.orm import Session

from chatapp.core.db import announce, db
from chatapp.core.errors import ValidationFailed
from chatapp.core.events import Members
from chatapp.models import Block, Conversation, Mention, Message, Participant, User
from chatapp.text.markdown import find_mentions
from chatapp.text.mention_syntax import EVERYBODY, MentionedPerson, possible_names

#: In a group of at most this many members, @all needs no confirmation.
MAX_UNCONFIRMED_MEMBERS = 20
#: With more names than this, read all members instead of looking names up.
_MAX_NAMES = 5_000


# Built once: composing these took each request longer than running them.
_MENTIONED_IN = (
    select(Mention.message_id, Mention.username, Mention.user_id, User.name)
    .join(User, User.id == Mention.user_id)
    .where(Mention.message_id.in_(bindparam("ids", expanding=True)))
    .order_by(Mention.user_id)
)


def _unread_query() -> Select[int, int]:
    me: BindParameter[str] = bindparam("user_id")
    blocked = select(Block.blocked_id).where(Block.blocker_id == me)
    unread = (
        select(Message.conversation_id, Message.seq)
        .join(
            Participant,
            and_(
                Participant.conversation_id == Message.conversation_id,
                Participant.user_id == me,
            ),
        )
        .where(
            Message.conversation_id.in_(bindparam("ids", expanding=True)),
            Message.seq > Participant.last_read_seq,
            Message.sender_id.not_in(blocked),
        )
    )
    by_name = unread.join(Mention, Mention.message_id == Message.id).where(
        Mention.user_id == me, Mention.seq > Participant.last_read_seq
    )
    either = union(by_name, unread.where(Message.mentions_all)).subquery()
    return select(either.c.conversation_id, func.count()).group_by(either.c.conversation_id)


_UNREAD = _unread_query()


class Mentions(NamedTuple):
    """The people that a text mentions, by id; ``everybody`` for @all."""

    people: tuple[MentionedPerson, ...] = ()
    everybody: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class MentionText:
    """A text to look for mentions in. Making one parses the text and takes no database."""

    conversation_id: int
    author_id: str
    text: str
    #: The author confirmed that @all may notify many people.
    confirmed: bool
    #: Every username that the text may mention.
    names: frozenset[str]

    @classmethod
    def parse(
        cls, conversation_id: int, author_id: str, text: str, *, confirmed: bool = False
    ) -> MentionText:
        """Parse a text that somebody adds to a conversation."""
        names = frozenset(possible_names(text)) if "@" in text else frozenset()
        return cls(conversation_id, author_id, text, confirmed, names)


class MentionResolver:
    """Finds the members that some texts mention: one statement, none if no text has an @.

    The conversations' rows are locked, and ``conversations`` has each text's.
    """

    def __init__(
        self,
        work: Session,
        conversations: Mapping[int, Conversation],
        texts: Iterable[MentionText],
    ) -> None:
        self._conversations = conversations
        self._members: dict[int, dict[str, MentionedPerson]] = defaultdict(dict)
        #: Pairs of blocker and blocked.
        self._blocks: set[tuple[str, str]] = set()
        self._resolved: dict[MentionText, Mentions] = {}
        naming = [text for text in texts if text.names]
        if naming:
            self._read_members(work, naming)

    def mentions(self, text: MentionText) -> Mentions:
        """Return the members that a text mentions; in a one-to-one conversation, not its author."""
        if not text.names:
            return Mentions()
        if text not in self._resolved:
            self._resolved[text] = self._resolve(text)
        return self._resolved[text]

    def check_confirmed(self, text: MentionText) -> None:
        """Raise ValidationFailed if @all would notify many people and isn't confirmed."""
        if text.confirmed or not self.mentions(text).everybody:
            return
        members = len(self._members[text.conversation_id])
        if members > MAX_UNCONFIRMED_MEMBERS:
            problem = (
                f"This will notify {members - 1} people. Confirm to send it, or leave @all out."
            )
            raise ValidationFailed(fields={"mention_all": problem})

    def recipients(self, text: MentionText) -> frozenset[str]:
        """Return the people to notify: not the author, and nobody who has blocked the author."""
        mentions = self.mentions(text)
        people: Collection[MentionedPerson] = mentions.people
        if mentions.everybody:
            people = self._members[text.conversation_id].values()
        return frozenset(
            person.user_id
            for person in people
            if person.user_id != text.author_id
            and (person.user_id, text.author_id) not in self._blocks
        )

    def _resolve(self, text: MentionText) -> Mentions:
        in_group = self._is_group(text)
        everybody = in_group and EVERYBODY in text.names
        members = self._members[text.conversation_id]
        people = [
            person
            for name in text.names
            if (person := members.get(name)) is not None
            and (in_group or person.user_id != text.author_id)
            and not (everybody and name == EVERYBODY)
        ]
        if not people and not everybody:
            return Mentions()
        people.sort(key=lambda person: person.user_id)
        return Mentions(*find_mentions(text.text, people, everybody=everybody))

    def _is_group(self, text: MentionText) -> bool:
        return self._conversations[text.conversation_id].kind == "group"

    def _read_members(self, work: Session, texts: Collection[MentionText]) -> None:
        """Read the members with these names, or all members where a text may mention everybody."""
        names = frozenset[str]().union(*(text.names for text in texts))
        named = User.username.in_(names) if len(names) <= _MAX_NAMES else true()
        whole = {
            text.conversation_id
            for text in texts
            if EVERYBODY in text.names and self._is_group(text)
        }
        ids = {text.conversation_id for text in texts}
        blocked = and_(
            Block.blocker_id == Participant.user_id,
            Block.blocked_id.in_({text.author_id for text in texts}),
        )
        rows = work.execute(
            select(Participant.conversation_id, User.username, User.id, User.name, Block.blocked_id)
            .join(User, User.id == Participant.user_id)
            .outerjoin(Block, blocked)
            .where(
                Participant.left_at.is_(None),
                or_(
                    Participant.conversation_id.in_(whole),
                    and_(Participant.conversation_id.in_(ids), named),
                ),
            )
        )
        for conversation_id, *columns, blocked_id in rows:
            person = MentionedPerson(*columns)
            self._members[conversation_id][person.username] = person
            if blocked_id is not None:
                self._blocks.add((person.user_id, blocked_id))


def store_mentions(work: Session, found: Iterable[tuple[Message, Mentions]]) -> None:
    """Store the mentions of messages that are in the database: one statement at most."""
    rows = [
        {
            "message_id": message.id,
            "user_id": person.user_id,
            "username": person.username,
            "conversation_id": message.conversation_id,
            "seq": message.seq,
        }
        for message, mentions in found
        for person in mentions.people
    ]
    if rows:
        work.execute(insert(Mention), rows)


def delete_mentions(work: Session, message: Message) -> frozenset[str]:
    """Delete a message's mentions and return the ids of the people it mentioned by name."""
    message.mentions_all = False
    if not _may_mention(message):
        return frozenset()
    of_message = Mention.message_id == message.id
    deleted = frozenset(work.scalars(select(Mention.user_id).where(of_message)))
    if deleted:
        work.execute(delete(Mention).where(of_message))
    return deleted


def announce_mentions(
    message: Message, conversation: Conversation, recipients: frozenset[str]
) -> None:
    """Tell these members that the message mentions them; announce the message itself first."""
    if recipients:
        announce(
            "user:mentioned",
            {
                "conversation_id": message.conversation_id,
                "message_id": message.id,
                "seq": message.seq,
                "user_id": message.sender_id,
            },
            to=Members(conversation.id, conversation.membership_version, only=recipients),
        )


def mentions_in(messages: Collection[Message]) -> Mapping[str, list[MentionedPerson]]:
    """Return each message's mentions: one statement, none if no message has an @."""
    ids = [message.id for message in messages if _may_mention(message)]
    found: dict[str, list[MentionedPerson]] = defaultdict(list)
    if ids:
        for message_id, *columns in db.session.execute(_MENTIONED_IN, {"ids": ids}):
            found[message_id].append(MentionedPerson(*columns))
    return found


def count_unread_mentions(participants: Sequence[Participant]) -> dict[int, int]:
    """Count the unread messages that mention a person, by conversation, in one statement.

    ``participants`` are this person's rows. Messages of people they blocked don't count, and
    their own are never unread.
    """
    if not participants:
        return {}
    values = {
        "user_id": participants[0].user_id,
        "ids": [participant.conversation_id for participant in participants],
    }
    return {row[0]: row[1] for row in db.session.execute(_UNREAD, values)}


def _may_mention(message: Message) -> bool:
    return message.type == "text" and "@" in (message.content or "")
