"""Groups under concurrency: whatever two people do at the same moment, what a group promises holds.

Real threads, each with a connection of its own. `make test-long` runs each race 200 times on
PostgreSQL; on SQLite, which has one writer, less often.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import flask
import pytest

from chatapp.chat.schemas import MessageBody
from chatapp.chat.service import send_message
from chatapp.core.db import atomic, db
from chatapp.core.errors import ChatError, Conflict, Forbidden, NotFound
from chatapp.group import links
from chatapp.group.schemas import GroupPatch, NewLink
from chatapp.group.service import (
    add_group_members,
    create_group,
    remove_group_member,
    set_role,
    update_group,
)
from chatapp.models import Conversation, Group, GroupLink, Message, Participant, User
from chatapp.security.request_source import Source
from tests.support.concurrent import Beside

SOMEWHERE = Source("192.0.2.7")

Act = Callable[[], Any]


@pytest.fixture(
    params=[2, pytest.param(10, marks=pytest.mark.slow), pytest.param(200, marks=pytest.mark.long)]
)
def rounds(request: pytest.FixtureRequest) -> range:
    """How often a race is run."""
    sqlite = request.config.getoption("--database") == "sqlite"
    return range(min(request.param, 40) if sqlite else request.param)


@pytest.fixture
def people(app: flask.Flask) -> list[str]:
    """Four people, by their ids."""
    with app.app_context(), atomic() as work:
        users = [
            User(name=name, username=name, email=None) for name in ("ada", "ben", "cyd", "dee")
        ]
        work.add_all(users)
        work.flush()
        return [user.id for user in users]


def at_once(app: flask.Flask, *acts: Act) -> list[Any]:
    """What each of these gave or raised; all began at the same moment, each in its thread."""
    start = threading.Barrier(len(acts))

    def begin(act: Act) -> Any:
        start.wait(30)
        return act()

    threads = [Beside(app, partial(begin, act)) for act in acts]
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive(), "it waits for ever"
        if isinstance(thread.result, Exception):
            assert isinstance(thread.result, ChatError), repr(thread.result)
    return [thread.result for thread in threads]


def new_group(owner: str, *others: str) -> tuple[str, int]:
    group = create_group(owner, name="Crew", member_ids=others)
    return group.id, group.conversation_id


def roles(conversation_id: int) -> dict[str, str]:
    db.session.rollback()
    members = db.session.query(Participant).filter_by(conversation_id=conversation_id, left_at=None)
    return {member.user_id: member.member_role for member in members}


def history(conversation_id: int) -> list[Message]:
    """All messages; their places have no gap, and the head is the last one's."""
    db.session.rollback()
    found = db.session.query(Message).filter_by(conversation_id=conversation_id)
    messages = found.order_by(Message.seq).all()
    head = db.session.get_one(Conversation, conversation_id, populate_existing=True)
    assert [message.seq for message in messages] == list(range(1, head.last_seq + 1))
    versions = [message.version for message in messages]
    assert len(set(versions)) == len(versions)
    assert max(versions) <= head.version
    return messages


def told(conversation_id: int) -> list[str | None]:
    return [one.content for one in history(conversation_id) if one.type == "system"]


@pytest.fixture
def inside(app: flask.Flask) -> Iterator[None]:
    with app.app_context():
        yield


pytestmark = [pytest.mark.usefixtures("inside"), pytest.mark.database]


def test_the_last_owner_leaves_twice(app, people, rounds):
    ada, ben, cyd, _ = people
    for _ in rounds:
        group_id, id_ = new_group(ada, ben, cyd)
        leave = partial(remove_group_member, ada, group_id, ada)
        outcomes = at_once(app, leave, leave, partial(remove_group_member, ben, group_id, ben))
        assert sorted(type(one).__name__ for one in outcomes) == [
            "NoneType",
            "NoneType",
            "NotFound",
        ]
        assert roles(id_) == {cyd: "owner"}
        assert sorted(told(id_)) == ["ada created the group", "ada left", "ben left"]


def test_one_owner_leaves_while_the_other_steps_down(app, people, rounds):
    ada, ben, cyd, _ = people
    for _ in rounds:
        group_id, id_ = new_group(ada, ben, cyd)
        set_role(ada, group_id, ben, "owner")
        left, stepped_down = at_once(
            app,
            partial(remove_group_member, ben, group_id, ben),
            partial(set_role, ada, group_id, ada, "member"),
        )
        assert left is None
        assert "owner" in roles(id_).values()
        if isinstance(stepped_down, Exception):
            assert isinstance(stepped_down, Conflict), "who is the only one stays the owner"
            assert roles(id_) == {ada: "owner", cyd: "member"}
        assert set(roles(id_)) == {ada, cyd}


def test_two_add_one_person_who_joins_by_a_link_too(app, people, rounds):
    ada, ben, cyd, _ = people
    for _ in rounds:
        group_id, id_ = new_group(ada, ben)
        set_role(ada, group_id, ben, "admin")
        token = links.present_link(links.create_link(ada, group_id, NewLink(uses=1)))["token"]
        version = db.session.get_one(Conversation, id_).version
        outcomes = at_once(
            app,
            partial(add_group_members, ada, group_id, [cyd]),
            partial(add_group_members, ben, group_id, [cyd]),
            partial(links.join_by_link, cyd, token, SOMEWHERE),
        )
        assert all(isinstance(one, Group) for one in outcomes), outcomes
        assert roles(id_) == {ada: "owner", ben: "admin", cyd: "member"}
        head = db.session.get_one(Conversation, id_, populate_existing=True)
        assert head.version == version + 2, "one change, and the message that says so"
        news = [one for one in told(id_) if one and "cyd" in one]
        assert news in (["ada added cyd"], ["ben added cyd"], ["cyd joined with a link"])
        link = db.session.query(GroupLink).filter_by(group_id=group_id).one()
        assert link.uses == (1 if news == ["cyd joined with a link"] else 0)


def write_five(sender: str, id_: int, refusal: type[ChatError]) -> list[Any]:
    """The ids of what is stored, and in the place of the others the refusals, all of this kind."""
    sent: list[Any] = []
    for number in range(5):
        try:
            sent.append(send_message(sender, id_, MessageBody(content=f"{number}")).message["id"])
        except refusal as refused:
            sent.append(refused)
    return sent


def test_nothing_is_stored_after_a_removal(app, people, rounds):
    ada, ben, *_ = people
    for number in rounds:
        group_id, id_ = new_group(ada, ben)

        write = partial(write_five, ben, id_, NotFound)
        sent, _ = at_once(app, write, partial(remove_group_member, ada, group_id, ben))
        stored = [one for one in sent if isinstance(one, str)]
        assert sent[: len(stored)] == stored, "once removed, nothing more"
        removed = db.session.get_one(Conversation, id_, populate_existing=True).membership_version
        bens = [one for one in history(id_) if one.sender_id == ben]
        assert [one.id for one in bens] == stored
        assert all(one.version < removed for one in bens), number


def test_nothing_is_stored_after_it_was_made_for_announcements(app, people, rounds):
    ada, ben, *_ = people
    for _ in rounds:
        group_id, id_ = new_group(ada, ben)

        write = partial(write_five, ben, id_, Forbidden)
        switch = partial(update_group, ada, group_id, GroupPatch(announcements_only=True))
        sent, _ = at_once(app, write, switch)
        stored = [one for one in sent if isinstance(one, str)]
        assert sent[: len(stored)] == stored
        messages = history(id_)
        switched = next(
            one.seq for one in messages if one.content == "ada now lets only admins write"
        )
        assert [one.seq for one in messages if one.sender_id == ben and one.seq > switched] == []


@pytest.mark.parametrize("tries", [20, pytest.param(200, marks=pytest.mark.slow)])
def test_a_link_lets_in_as_many_as_it_may(app, people, tries):
    """So many people try at the same time; a tenth of them may."""
    most = tries // 10
    with atomic() as work:
        crowd = [User(name=f"{n}", username=f"guest{n}", email=None) for n in range(tries)]
        work.add_all(crowd)
        work.flush()
        ids = [user.id for user in crowd]
    group_id, id_ = new_group(people[0])
    token = links.present_link(links.create_link(people[0], group_id, NewLink(uses=most)))["token"]

    def join(user_id: str) -> Any:
        with app.app_context():
            try:
                return links.join_by_link(user_id, token, SOMEWHERE)
            except NotFound as refused:
                return refused

    with ThreadPoolExecutor(16) as pool:
        outcomes = list(pool.map(join, ids))
    joined = {id_ for id_, one in zip(ids, outcomes, strict=True) if isinstance(one, Group)}
    refused = {one.message for one in outcomes if isinstance(one, NotFound)}
    assert len(joined) == most
    assert refused == {links.USED_UP}
    assert set(roles(id_)) == {people[0], *joined}
    assert db.session.query(GroupLink).filter_by(group_id=group_id).one().uses == most
    assert len([one for one in told(id_) if one and "joined with a link" in one]) == most


def test_the_last_place_goes_to_one(app, people, rounds):
    ada, *others = people
    for _ in rounds:
        group_id, id_ = new_group(ada)
        token = links.present_link(links.create_link(ada, group_id, NewLink(uses=1)))["token"]
        outcomes = at_once(
            app, *(partial(links.join_by_link, one, token, SOMEWHERE) for one in others)
        )
        kinds = sorted(type(one).__name__ for one in outcomes)
        assert kinds == ["Group", "NotFound", "NotFound"]
        assert len(roles(id_)) == 2


def test_nobody_joins_by_a_link_that_is_withdrawn_at_that_moment(app, people, rounds):
    ada, ben, *_ = people
    for _ in rounds:
        group_id, id_ = new_group(ada)
        link = links.present_link(links.create_link(ada, group_id, NewLink()))
        joined, withdrawn = at_once(
            app,
            partial(links.join_by_link, ben, link["token"], SOMEWHERE),
            partial(links.revoke_link, ada, group_id, link["id"]),
        )
        assert withdrawn is None
        stored = db.session.get_one(GroupLink, link["id"], populate_existing=True)
        assert (stored.uses, len(roles(id_))) == ((1, 2) if isinstance(joined, Group) else (0, 1))
        with pytest.raises(NotFound):
            links.join_by_link(people[2], link["token"], SOMEWHERE)
