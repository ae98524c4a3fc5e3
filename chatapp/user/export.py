"""One's own data as a ZIP: JSON for programs, and pages that open without a network.

Written to a file without a name, a page of messages at a time, so that memory stays the same
however much somebody has written. What stands in it is what the person may see at that moment:
each page of messages goes through the gate.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from typing import IO, Any

from flask import current_app, render_template
from sqlalchemy import ColumnElement, select

from chatapp.auth.presenters import account_json, sign_in_json
from chatapp.conversation.access import access_conversation
from chatapp.conversation.presenters import MessageJson
from chatapp.conversation.queries import (
    messages_where,
    own_conversations,
    read_conversation,
    read_messages,
    shown_to,
)
from chatapp.core import concurrency
from chatapp.core.clock import iso
from chatapp.core.db import db, now, release, snapshot
from chatapp.core.errors import NotFound
from chatapp.media.file_store import files
from chatapp.media.presenters import picture_json
from chatapp.media.queries import own_pictures
from chatapp.media.storage import file_name
from chatapp.models import Block, Contact, Conversation, LinkedAccount, Message, SignIn, User
from chatapp.security import attempt_limits, audit

#: Messages that are in memory at a time.
PAGE = 100
#: Bytes of a page that stay in memory before they go to a file.
_SPOOLED = 1 << 20


def export(user: User, current_id: str) -> IO[bytes]:
    """A file with the whole ZIP, at its beginning; it is gone when closed.

    ``current_id`` is the sign-in that asks. Raises RateLimited.
    """
    user_id = user.id
    attempt_limits.spend(attempt_limits.DOWNLOADS, user_id)
    file = tempfile.TemporaryFile()  # noqa: SIM115  the answer closes it
    try:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            _write(archive, user_id, current_id)
    except BaseException:
        file.close()
        raise
    audit.note("data downloaded", user_id=user_id)
    file.seek(0)
    return file


def _write(archive: zipfile.ZipFile, user_id: str, current_id: str) -> None:
    account = account_json(db.session.get_one(User, user_id))
    facts = {
        "account": account,
        "sign_ins": _sign_ins(user_id, current_id),
        "linked_accounts": _linked(user_id),
        "contacts": _contacts(user_id),
        "blocked": list(
            db.session.scalars(select(Block.blocked_id).where(Block.blocker_id == user_id))
        ),
        "pictures": _write_pictures(archive, user_id),
        "exported_at": iso(now()),
    }
    ids = db.session.scalars(
        own_conversations(user_id)
        .with_only_columns(Conversation.id)
        .order_by(Conversation.active_at.desc(), Conversation.id)
    ).all()
    listed = []
    for id_ in ids:
        try:
            with snapshot():
                conversation = read_conversation(user_id, id_, "small")
            count = _write_messages(
                archive,
                f"conversations/{id_}",
                {"conversation": conversation},
                _of_conversation(user_id, id_),
                title=conversation["name"],
            )
        except NotFound:
            continue  # no member any more, since a moment ago
        listed.append({"conversation": conversation, "count": count})
    elsewhere = _write_messages(
        archive,
        "elsewhere",
        {"about": "What you wrote in conversations that you are no longer in."},
        _written_elsewhere(user_id, ids),
        title="Conversations you left",
    )
    release()
    _write_json(archive, "profile.json", facts)
    page = render_template(
        "export/index.html", conversations=listed, elsewhere=elsewhere, person=account, **facts
    )
    archive.writestr("index.html", page)


def _write_pictures(archive: zipfile.ZipFile, user_id: str) -> list[dict[str, Any]]:
    """The files of this person's pictures, and what is known of each."""
    listed = []
    for picture in own_pictures(user_id):
        try:
            with files().open(file_name(picture.id)) as file:
                archive.writestr(f"pictures/{picture.id}.webp", file.read())
        except NotFound:
            continue  # gone since a moment ago
        facts = {"source_url": picture.source_url, "created_at": iso(picture.created_at)}
        listed.append({**picture_json(picture), **facts})
    return listed


def _write_messages(
    archive: zipfile.ZipFile,
    name: str,
    head: dict[str, Any],
    messages: Iterator[MessageJson],
    *,
    title: str,
) -> int:
    """``name``.json and ``name``.html, from one reading; how many messages stand in them."""
    parts = _parts()
    count = 0
    with tempfile.SpooledTemporaryFile(_SPOOLED) as page:
        _say(page, parts.head(title, "../" * name.count("/") + "index.html"))
        with archive.open(f"{name}.json", "w", force_zip64=True) as data:
            data.write(json.dumps(head, ensure_ascii=False)[:-1].encode() + b', "messages": [')
            for message in messages:
                data.write(b",\n" if count else b"\n")
                data.write(json.dumps(message, ensure_ascii=False).encode())
                _say(page, parts.message(message))
                count += 1
            data.write(b"\n]}\n")
        _say(page, parts.foot(count))
        page.seek(0)
        with archive.open(f"{name}.html", "w", force_zip64=True) as copy:
            shutil.copyfileobj(page, copy)
    return count


def _of_conversation(user_id: str, conversation_id: int) -> Iterator[MessageJson]:
    """All its messages, oldest first. Raises NotFound as soon as the person is no member."""
    seq = 0
    while True:
        with snapshot():
            access_conversation(user_id, conversation_id)
            page = _page(Message.conversation_id == conversation_id, Message.seq > seq)
            found = shown_to(user_id, page)
        yield from found
        if len(found) < PAGE:
            return
        seq = found[-1]["seq"]
        concurrency.wait(0)


def _written_elsewhere(user_id: str, own_ids: Iterable[int]) -> Iterator[MessageJson]:
    """What this person wrote in other conversations, oldest first."""
    last = ""
    skipped = set(own_ids)
    while True:
        with snapshot():
            written = select(Message.id).where(
                Message.sender_id == user_id, Message.type != "system", Message.deleted_at.is_(None)
            )
            if last:
                written = written.where(Message.id > last)
            ids = db.session.scalars(written.order_by(Message.id).limit(PAGE)).all()
            found = read_messages(messages_where(Message.id.in_(ids)).order_by(Message.id))
        for message in found:
            if message["conversation_id"] not in skipped:
                yield _as_written(message)
        if len(ids) < PAGE:
            return
        last = ids[-1]
        concurrency.wait(0)


def _as_written(message: MessageJson) -> MessageJson:
    """Only what its author did: what others do where one isn't any more is theirs."""
    changed = message["edited_at"] or message["created_at"]
    return {**message, "reactions": [], "read_at": None, "updated_at": changed}


def _page(*conditions: ColumnElement[bool]) -> list[MessageJson]:
    return read_messages(messages_where(*conditions).order_by(Message.seq).limit(PAGE))


def _sign_ins(user_id: str, current_id: str) -> list[dict[str, Any]]:
    rows = db.session.scalars(
        select(SignIn)
        .where(SignIn.user_id == user_id)
        .order_by(SignIn.created_at.desc())
        .limit(10_000)
    )
    return [{**sign_in_json(row, current_id), "ended_at": iso(row.ended_at)} for row in rows]


def _contacts(user_id: str) -> list[dict[str, Any]]:
    rows = db.session.execute(
        select(User.id, User.username, User.name, Contact.created_at)
        .join(Contact, Contact.contact_id == User.id)
        .where(Contact.user_id == user_id)
        .order_by(User.name, User.id)
        .limit(10_000)
    )
    return [
        {
            "user_id": row.id,
            "username": row.username,
            "name": row.name,
            "created_at": iso(row.created_at),
        }
        for row in rows
    ]


def _linked(user_id: str) -> list[dict[str, Any]]:
    rows = db.session.scalars(select(LinkedAccount).where(LinkedAccount.user_id == user_id))
    return [
        {"issuer": row.issuer, "email": row.email, "created_at": iso(row.created_at)}
        for row in rows
    ]


def _write_json(archive: zipfile.ZipFile, name: str, value: Any) -> None:
    archive.writestr(name, json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def _parts() -> Any:
    """The macros of the pages that stand alone."""
    template = current_app.jinja_env.get_template("export/parts.html")
    return template.make_module()


def _say(page: IO[bytes], text: str) -> None:
    page.write(str(text).encode())
