"""Who is mentioned in a message: found when it is written, kept in rows, told after the commit."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
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

#: Up to so many members all of them are told without asking whether it is meant.
MOST_UNASKED = 20
#: More names than these aren't looked up one by one.
_MOST_NAMES = 5_000


# Built once: composing these took each request longer than running them.
_MENTIONED_IN = (
    select(Mention.message_id, Mention.username, Mention.user_id, User.name)
    .join(User, User.id == Mention.user_id)
    .where(Mention.message_id.in_(bindparam("ids", expanding=True)))
    .order_by(Mention.user_id)
)


def _counting_unread() -> Select[int, int]:
    me: BindParameter[str] = bindparam("user_id")
    deaf = select(Block.blocked_id).where(Block.blocker_id == me)
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
            Message.sender_id.not_in(deaf),
        )
    )
    by_name = unread.join(Mention, Mention.message_id == Message.id).where(
        Mention.user_id == me, Mention.seq > Participant.last_read_seq
    )
    either = union(by_name, unread.where(Message.mentions_all)).subquery()
    return select(either.c.conversation_id, func.count()).group_by(either.c.conversation_id)


_UNREAD = _counting_unread()


class Mentions(NamedTuple):
    """Whom a text mentions, by their ids in order; ``everybody``: all the members."""

    people: tuple[MentionedPerson, ...] = ()
    everybody: bool = False


class Written(NamedTuple):
    """A text that somebody adds to a conversation. Its row is locked."""

    conversation: Conversation
    author_id: str
    text: str
    #: That it tells very many people is meant.
    confirmed: bool = False


class Roster:
    """The members that some texts may mention, as of now: one statement, none without an @."""

    def __init__(self, work: Session, texts: Iterable[Written]) -> None:
        self._members: dict[int, dict[str, MentionedPerson]] = defaultdict(dict)
        #: Who has blocked whom.
        self._deaf: set[tuple[str, str]] = set()
        self._found: dict[Written, Mentions] = {}
        names = {one: possible_names(one.text) for one in texts if "@" in one.text}
        wanted = [one for one, found in names.items() if found]
        if wanted:
            self._read(work, wanted, set().union(*names.values()))

    def mentions(self, text: Written) -> Mentions:
        """Whom it mentions of those who are members; in one-to-one conversations the other."""
        if text not in self._found:
            self._found[text] = self._find(text)
        return self._found[text]

    def _find(self, text: Written) -> Mentions:
        conversation, author_id, words, _ = text
        names = possible_names(words) if "@" in words else set()
        if not names:
            return Mentions()
        everybody = conversation.kind == "group" and EVERYBODY in names
        members = self._members[conversation.id]
        people = [
            one
            for name in names
            if (one := members.get(name)) is not None
            and (conversation.kind == "group" or one.user_id != author_id)
            and not (everybody and name == EVERYBODY)
        ]
        if not people and not everybody:
            return Mentions()
        people.sort(key=lambda one: one.user_id)
        return Mentions(*find_mentions(words, people, everybody=everybody))

    def unconfirmed(self, text: Written) -> ValidationFailed | None:
        """Why it has to be confirmed, where it tells so many people."""
        members = len(self._members.get(text.conversation.id, ()))
        if text.confirmed or members <= MOST_UNASKED or not self.mentions(text).everybody:
            return None
        words = f"This will notify {members - 1} people. Confirm to send it, or leave @all out."
        return ValidationFailed(fields={"mention_all": words})

    def told(self, text: Written) -> frozenset[str]:
        """Who hears of it: those mentioned, but the author and whoever has blocked them."""
        mentions = self.mentions(text)
        people: Collection[MentionedPerson] = mentions.people
        if mentions.everybody:
            people = self._members[text.conversation.id].values()
        return frozenset(
            one.user_id
            for one in people
            if one.user_id != text.author_id and (one.user_id, text.author_id) not in self._deaf
        )

    def _read(self, work: Session, texts: Collection[Written], names: Collection[str]) -> None:
        """Those by these names; where everybody may be meant, all."""
        named = User.username.in_(names) if len(names) <= _MOST_NAMES else true()
        whole = {
            one.conversation.id
            for one in texts
            if one.conversation.kind == "group" and EVERYBODY in possible_names(one.text)
        }
        ids = {one.conversation.id for one in texts}
        blocked = and_(
            Block.blocker_id == Participant.user_id,
            Block.blocked_id.in_({one.author_id for one in texts}),
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
        for conversation_id, *person, blocked_id in rows:
            one = MentionedPerson(*person)
            self._members[conversation_id][one.username] = one
            if blocked_id is not None:
                self._deaf.add((one.user_id, blocked_id))


def store_mentions(work: Session, found: Iterable[tuple[Message, Mentions]]) -> None:
    """Keep whom these messages, which are stored, mention: one statement, none for nobody."""
    rows = [
        {
            "message_id": message.id,
            "user_id": one.user_id,
            "username": one.username,
            "conversation_id": message.conversation_id,
            "seq": message.seq,
        }
        for message, mentions in found
        for one in mentions.people
    ]
    if rows:
        work.execute(insert(Mention), rows)


def forget_mentions(work: Session, message: Message) -> frozenset[str]:
    """The message mentions nobody; answers whom it did by name."""
    message.mentions_all = False
    if not _may_mention(message):
        return frozenset()
    own = Mention.message_id == message.id
    gone = frozenset(work.scalars(select(Mention.user_id).where(own)))
    if gone:
        work.execute(delete(Mention).where(own))
    return gone


def announce_mentions(message: Message, conversation: Conversation, told: frozenset[str]) -> None:
    """Tell these members that the message mentions them, after it was announced itself."""
    if told:
        announce(
            "user:mentioned",
            {
                "conversation_id": message.conversation_id,
                "message_id": message.id,
                "seq": message.seq,
                "user_id": message.sender_id,
            },
            to=Members(conversation.id, conversation.membership_version, only=told),
        )


def mentions_in(messages: Collection[Message]) -> Mapping[str, list[MentionedPerson]]:
    """Whom each of these messages mentions: one statement, none where none has an @."""
    ids = [message.id for message in messages if _may_mention(message)]
    found: dict[str, list[MentionedPerson]] = defaultdict(list)
    if ids:
        for message_id, *person in db.session.execute(_MENTIONED_IN, {"ids": ids}):
            found[message_id].append(MentionedPerson(*person))
    return found


def unread_mentions(places: Sequence[Participant]) -> dict[int, int]:
    """How many messages after their pointer mention this person, in each of their conversations.

    ``places`` are one person's. One's own are never after it; of those whom this person has
    blocked none counts. One statement.
    """
    if not places:
        return {}
    whose = {
        "user_id": places[0].user_id,
        "ids": [place.conversation_id for place in places],
    }
    return {row[0]: row[1] for row in db.session.execute(_UNREAD, whose)}


def _may_mention(message: Message) -> bool:
    return message.type == "text" and "@" in (message.content or "")
