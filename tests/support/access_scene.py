"""Alice, Bob and what they share on a live server, for those who try to get at it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sqlalchemy import create_engine, select

from chatapp.models import (
    Conversation,
    Group,
    GroupLink,
    Mention,
    Message,
    Participant,
    Picture,
    Reaction,
    SignIn,
)
from tests.support.access_matrix import NOBODY, SECRET
from tests.support.people import Person, WebSession
from tests.support.photos import photo
from tests.support.server import LiveServer


@dataclass
class Place:
    """A conversation of Alice's and Bob's, and a message of Alice's in it."""

    conversation: int
    message: str


class Scene:
    """The people and what they have; one for all tests here, none of which may change it."""

    def __init__(self, server: LiveServer) -> None:
        self._database = create_engine(server.environ["DATABASE_URL"])
        self._csrf_tokens: dict[str, str] = {}
        names = ("Alice", "Bob", "Carol", "Dave")
        self.alice, self.bob, self.carol, self.dave = (Person(server, name) for name in names)
        direct = self.alice.opens(self.bob)
        made = self.alice.rest(
            "POST",
            "/api/groups",
            json={"name": f"{SECRET} crew", "members": [self.bob.id, self.dave.id]},
        )
        assert made.status_code == 201, made.text
        self.group = made.json()["id"]
        group = made.json()["conversation_id"]
        self.alice.rest("DELETE", f"/api/groups/{self.group}/members/{self.dave.id}")
        self.picture = self._picture()
        link = self.alice.rest("POST", f"/api/groups/{self.group}/links", json={})
        self.link, self.token = link.json()["id"], link.json()["token"]
        self.sign_in = self.alice.get("/api/auth/sessions")["items"][0]["id"]
        self.places = {"direct": self._place(direct), "group": self._place(group)}
        self.where = self.places["direct"]

    def _picture(self) -> str:
        """The id of their group's picture."""
        made = self.alice.rest(
            "POST", "/api/pictures", data={"purpose": "group"}, files={"file": photo()}
        )
        path = f"/api/groups/{self.group}"
        given = self.alice.rest("PATCH", path, json={"group_picture": made.json()["url"]})
        assert given.status_code == 200, given.text
        return str(made.json()["id"])

    def _place(self, id_: int) -> Place:
        message = self.alice.says(id_, f"{SECRET} to Bob", client_id=f"{SECRET}-client")
        self.bob.says(id_, f"{SECRET} to Alice")
        return Place(id_, message["id"])

    @cached_property
    def webs(self) -> dict[str, WebSession]:
        people = (self.carol, self.dave, self.bob)
        return {person.id: person.web() for person in people}

    def fill(self, value: Any, *, absent: bool = False) -> Any:
        """`value` with its {names} replaced by ids; with ``absent`` by ids of what isn't there."""
        if isinstance(value, dict):
            return {
                self._text(k, absent): self.fill(one, absent=absent) for k, one in value.items()
            }
        if isinstance(value, list):
            return [self.fill(one, absent=absent) for one in value]
        if value == "{conversation}":
            return self.where.conversation + (10**6 if absent else 0)
        return self._text(value, absent) if isinstance(value, str) else value

    def _text(self, text: str, absent: bool) -> str:
        return text.format(
            conversation=self.where.conversation + (10**6 if absent else 0),
            message=NOBODY if absent else self.where.message,
            group=NOBODY if absent else self.group,
            sign_in=NOBODY if absent else self.sign_in,
            picture=NOBODY if absent else self.picture,
            link=NOBODY if absent else self.link,
            alice=self.alice.id,
            bob=self.bob.id,
            carol=self.carol.id,
        )

    def state(self) -> list[Any]:
        """All that Alice and Bob have: the rows of their conversations, and her sign-ins."""
        ids = [place.conversation for place in self.places.values()]
        messages = select(Message.id).where(Message.conversation_id.in_(ids))
        rows = [
            select(Conversation.__table__).where(Conversation.id.in_(ids)),
            *(
                select(table.__table__).where(table.conversation_id.in_(ids))
                for table in (Participant, Message, Mention, Group)
            ),
            select(Reaction.__table__).where(Reaction.message_id.in_(messages)),
            select(GroupLink.__table__).where(GroupLink.group_id == self.group),
            select(Picture.__table__).where(Picture.id == self.picture),
            select(SignIn.__table__).where(SignIn.user_id == self.alice.id),
        ]
        with self._database.connect() as connection:
            return [sorted(map(repr, connection.execute(select_))) for select_ in rows]

    def csrf_token(self, person: Person) -> str:
        """The token for the forms of this person's page session."""
        if person.id not in self._csrf_tokens:
            self._csrf_tokens[person.id] = self.webs[person.id].page("/people").csrf_token
        return self._csrf_tokens[person.id]

    def close(self) -> None:
        """Close the connections to the server's database."""
        self._database.dispose()

    def leaks(self, text: str) -> list[str]:
        """What of Alice's and Bob's stands in `text` though it isn't the reader's to see."""
        secrets = {SECRET, self.token, self.alice.email, self.bob.email}
        for place in self.places.values():
            id_ = place.conversation
            secrets |= {f'"conversation_id": {id_},', f'"conversation_id":{id_},'}
            secrets |= {f'href="/chats/{id_}"', place.message, self.sign_in}
        return [secret for secret in secrets if secret in text]


@contextmanager
def scene_on(server: LiveServer) -> Iterator[Scene]:
    """The scene, until the block ends."""
    scene = Scene(server)
    yield scene
    for person in (scene.alice, scene.bob, scene.carol, scene.dave):
        for wire in person.wires:
            wire.close()
    scene.close()
