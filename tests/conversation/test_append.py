"""The log under concurrency: whoever waits at the lock finds the world as it is afterwards."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import func, select, text, update

from chatapp.conversation.access import lock_conversations
from chatapp.conversation.append import Draft, Stored, append_messages
from chatapp.core.db import atomic, db, now
from chatapp.core.errors import NotFound
from chatapp.core.events import ClientEvent
from chatapp.models import Conversation, Message, Participant
from tests.support.concurrent import Beside

pytestmark = pytest.mark.database


def draft(world, sender=None, content="hi", client_id=None) -> Draft:
    return Draft(world.conversation_id, (sender or world.alice).id, content, client_id=client_id)


def seqs(world) -> list[int]:
    return list(
        db.session.scalars(
            select(Message.seq)
            .where(Message.conversation_id == world.conversation_id)
            .order_by(Message.seq)
        )
    )


def head(world) -> Conversation:
    return db.session.scalars(
        select(Conversation)
        .where(Conversation.id == world.conversation_id)
        .execution_options(populate_existing=True)
    ).one()


@contextmanager
def while_locked(
    app, world, function: Callable[[], Any], *, conversation_id: int | None = None
) -> Iterator[Beside]:
    """The block runs while this conversation is locked and ``function`` waits for the lock."""
    with app.app_context():
        with atomic() as work:
            lock_conversations(work, [conversation_id or world.conversation_id])
            beside = Beside(app, function)
            beside.started_work.wait(10)
            if db.engine.dialect.name == "postgresql":
                _until_someone_waits(app)
            yield beside
        beside.answer()


def _until_someone_waits(app) -> None:
    waiting = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
    deadline = time.monotonic() + 10
    with db.engine.connect() as connection:
        while not connection.scalar(waiting):
            assert time.monotonic() < deadline, "nobody waits for the lock"
            connection.rollback()


def test_each_draft_takes_the_next_place(app, world):
    with app.app_context():
        before = head(world).last_seq, head(world).version
        outcomes = append_messages([draft(world, content=str(n)) for n in range(5)])
        stored = [o.message for o in outcomes if isinstance(o, Stored)]
        assert [m["seq"] for m in stored] == [before[0] + n for n in range(1, 6)]
        assert [m["version"] for m in stored] == [before[1] + n for n in range(1, 6)]
        assert [m["content"] for m in stored] == ["0", "1", "2", "3", "4"]
        assert (head(world).last_seq, head(world).version) == (before[0] + 5, before[1] + 5)
        assert seqs(world) == list(range(1, before[0] + 6))


def test_a_refused_draft_takes_no_place_and_harms_no_other(app, world):
    with app.app_context():
        missing = Draft(999_999, world.alice.id, "x")
        outcomes = append_messages(
            [draft(world), draft(world, world.carol), missing, draft(world, world.bob)]
        )
        assert [type(outcome) for outcome in outcomes] == [Stored, NotFound, NotFound, Stored]
        assert seqs(world) == [1, 2, 3, 4, 5]


def test_a_repeat_within_a_batch_and_after_it_is_the_first_message(app, world):
    with app.app_context():
        first, second = append_messages(
            [draft(world, client_id="a"), draft(world, content="other", client_id="a")]
        )
        (third,) = append_messages([draft(world, content="again", client_id="a")])
        assert first.created
        assert not second.created
        assert not third.created
        assert first.message["id"] == second.message["id"] == third.message["id"]
        assert third.message["content"] == "hi"
        (bobs,) = append_messages([draft(world, world.bob, client_id="a")])
        assert bobs.created  # the same name from someone else is another message


def test_batches_span_conversations(app, world):
    other = world.alice.api.post("/api/chat", {"participant_ids": [world.carol.id]}).get_json()
    with app.app_context():
        outcomes = append_messages(
            [
                Draft(other["id"], world.carol.id, "1"),
                draft(world),
                Draft(other["id"], world.alice.id, "2"),
            ]
        )
        assert [outcome.message["seq"] for outcome in outcomes] == [1, 4, 2]


def test_a_duplicate_committed_while_its_twin_waits_leaves_no_gap(app, world):
    with while_locked(
        app, world, lambda: append_messages([draft(world, content="twin", client_id="same")])
    ) as twin:
        (first,) = append_messages([draft(world, client_id="same")])
    (second,) = twin.answer()
    assert first.created
    assert not second.created
    assert second.message == first.message
    with app.app_context():
        assert seqs(world) == [1, 2, 3, 4]
        assert head(world).last_seq == 4
        (after,) = append_messages([draft(world)])
        assert after.message["seq"] == 5


def test_a_sender_removed_while_waiting_stores_nothing(app, world):
    with while_locked(app, world, lambda: append_messages([draft(world, world.bob)])) as waiting:
        db.session.execute(
            update(Participant)
            .where(
                Participant.conversation_id == world.conversation_id,
                Participant.user_id == world.bob.id,
            )
            .values(left_at=now())
        )
    (outcome,) = waiting.answer()
    assert isinstance(outcome, NotFound)
    with app.app_context():
        assert seqs(world) == [1, 2, 3]
        assert head(world).version == 4


def test_whoever_is_removed_meanwhile_is_not_mentioned(app, world):
    """Who is a member is read after the wait, like everything that a draft depends on."""
    made = world.alice.api.post("/api/groups", {"name": "Crew", "members": [world.bob.id]})
    crew = made.get_json()["conversation_id"]
    heard: list[ClientEvent] = []
    end = app.extensions["events"].subscribe(heard.append)
    try:
        with while_locked(
            app,
            world,
            lambda: append_messages([Draft(crew, world.alice.id, "@bob @all")]),
            conversation_id=crew,
        ) as waiting:
            db.session.execute(
                update(Participant)
                .where(Participant.conversation_id == crew, Participant.user_id == world.bob.id)
                .values(left_at=now())
            )
        (outcome,) = waiting.answer()
    finally:
        end()
    assert (outcome.message["mentions"], outcome.message["mentions_all"]) == ([], True)
    assert [event.name for event in heard] == ["message:received"]


@pytest.mark.slow
def test_many_at_once_number_without_a_gap(app, world):
    senders = [world.alice, world.bob]
    threads = [
        Beside(app, lambda n=n: append_messages([draft(world, senders[n % 2], f"{n}")]))
        for n in range(100)
    ]
    numbers = sorted(thread.answer()[0].message["seq"] for thread in threads)
    assert numbers == list(range(4, 104))
    with app.app_context():
        assert seqs(world) == list(range(1, 104))
        assert head(world).version == 104


def test_a_failure_before_the_commit_leaves_no_trace(app, world, monkeypatch):
    events: list[ClientEvent] = []
    end = app.extensions["events"].subscribe(events.append)
    try:
        with app.app_context():
            with pytest.raises(ZeroDivisionError), atomic():
                append_messages([draft(world)])
                raise ZeroDivisionError
            assert seqs(world) == [1, 2, 3]
            (stored,) = append_messages([draft(world)])
    finally:
        end()
    assert stored.message["seq"] == 4
    assert [event.payload["seq"] for event in events] == [4]


def test_a_locked_conversation_answers_unavailable_after_a_while(app, world, request):
    if request.config.getoption("--database") != "postgres":
        pytest.skip("SQLite has one writer, which never holds the lock for long")
    from chatapp.core.errors import describe

    def impatient() -> Any:
        with atomic() as work:
            work.execute(text("SET LOCAL lock_timeout = '50ms'"))
            return append_messages([draft(world)])

    with app.app_context(), atomic() as work:
        lock_conversations(work, [world.conversation_id])
        beside = Beside(app, impatient)
        beside.join(20)
        assert describe(beside.result).code == "unavailable"


def test_sending_moves_ones_own_pointer_and_marks_what_was_read(app, world):
    with app.app_context():
        (last,) = append_messages([draft(world, world.bob)])
        pointers = dict(
            db.session.execute(
                select(Participant.user_id, Participant.last_read_seq).where(
                    Participant.conversation_id == world.conversation_id
                )
            ).all()
        )
        assert pointers == {world.alice.id: 3, world.bob.id: 4}
        read = dict(
            db.session.execute(
                select(Message.seq, Message.read_at).where(
                    Message.conversation_id == world.conversation_id
                )
            ).all()
        )
        assert all(read[seq] is not None for seq in (1, 2, 3))
        assert read[4] is None
        assert last.message["read_at"] is None


def test_sending_takes_as_many_statements_however_much_there_is(app, world, statements):
    with app.app_context():
        append_messages([draft(world, client_id="warm")])
        with statements() as few:
            append_messages([draft(world, client_id="a")])
        append_messages([draft(world, content=str(n)) for n in range(200)])
        with statements() as many:
            append_messages([draft(world, client_id="b")])
        assert len(many) == len(few) <= 8, many
        with statements() as batch:
            append_messages([draft(world, client_id=f"c{n}") for n in range(50)])
        assert len(batch) <= len(few) + 1, batch


def test_the_number_of_rows_is_the_number_acknowledged(app, world):
    with app.app_context():
        for _ in range(3):
            append_messages([draft(world, client_id=f"{n}") for n in range(10)])
        count = db.session.scalar(select(func.count()).select_from(Message))
        assert count == 3 + 10
