"""Preferences of a conversation, in this process."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import update

from chatapp.core.db import atomic, now
from chatapp.models import Participant

NONE = {"notify": None, "muted_until": None, "pinned_at": None, "archived_at": None}


def own(person, id_: int) -> dict:
    body = person.api.get(f"/api/chat/{id_}").get_json()
    return {name: body[name] for name in NONE}


def let_pass(app, world, **ago) -> None:
    """Alice's mute is over since then."""
    with app.app_context(), atomic() as work:
        work.execute(
            update(Participant)
            .where(Participant.user_id == world.alice.id)
            .values(muted_until=now() - timedelta(**ago))
        )
