"""Export a person's own data as a ZIP: JSON for programs, and pages that open without a network.

The ZIP is written to an unnamed temporary file, a page of messages at a time, so that memory use
doesn't grow with the number of messages.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from typing import IO, Any

from flask import current_app, render_template

from chatapp.auth.presenters import account_json
from chatapp.conversation.conversations import own_conversations, read_conversation
from chatapp.conversation.presenters import MessageJson
from chatapp.core.clock import iso
from chatapp.core.db import db, now, release_connection, snapshot
from chatapp.core.errors import NotFound
from chatapp.media.file_store import files
from chatapp.media.presenters import picture_json
from chatapp.media.queries import owned_pictures
from chatapp.media.storage import file_name
from chatapp.models import Conversation, User
from chatapp.security import attempt_limits, attempt_rules, audit
from chatapp.user import export_data

#: Bytes of an HTML page in memory before it goes to a temporary file.
_MAX_PAGE_BYTES_IN_MEMORY = 1 << 20


def export(user: User, current_sign_in_id: str) -> IO[bytes]:
    """Return a file with the ZIP, positioned at its beginning. Closing it deletes it.

    ``current_sign_in_id`` is the sign-in that asks for the export. Raises RateLimited.
    """
    user_id = user.id
    attempt_limits.spend(attempt_rules.DOWNLOADS, user_id)
    file = tempfile.TemporaryFile()  # noqa: SIM115  the response closes it
    try:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            _write_archive(archive, user_id, current_sign_in_id)
    except BaseException:
        file.close()
        raise
    audit.note("data downloaded", user_id=user_id)
    file.seek(0)
    return file


def _write_archive(archive: zipfile.ZipFile, user_id: str, current_sign_in_id: str) -> None:
    account = account_json(db.session.get_one(User, user_id))
    profile = {
        "account": account,
        "sign_ins": export_data.sign_ins(user_id, current_sign_in_id),
        "linked_accounts": export_data.linked_accounts(user_id),
        "contacts": export_data.contacts(user_id),
        "blocked": export_data.blocked_ids(user_id),
        "pictures": _write_pictures(archive, user_id),
        "exported_at": iso(now()),
    }
    own_ids = _conversation_ids(user_id)
    conversations = _write_conversations(archive, user_id, own_ids)
    elsewhere = _write_messages(
        archive,
        "elsewhere",
        {"about": "What you wrote in conversations that you are no longer in."},
        export_data.messages_written_elsewhere(user_id, own_ids),
        title="Conversations you left",
    )
    release_connection()
    _write_json(archive, "profile.json", profile)
    page = render_template(
        "export/index.html",
        conversations=conversations,
        elsewhere=elsewhere,
        person=account,
        **profile,
    )
    archive.writestr("index.html", page)


def _conversation_ids(user_id: str) -> Sequence[int]:
    """Return the ids of the person's conversations, most recently active first."""
    return db.session.scalars(
        own_conversations(user_id)
        .with_only_columns(Conversation.id)
        .order_by(Conversation.active_at.desc(), Conversation.id)
    ).all()


def _write_conversations(
    archive: zipfile.ZipFile, user_id: str, ids: Sequence[int]
) -> list[dict[str, Any]]:
    """Write the conversations' files; return each conversation with its number of messages."""
    written = []
    for id_ in ids:
        try:
            with snapshot():
                conversation = read_conversation(user_id, id_, "small")
            count = _write_messages(
                archive,
                f"conversations/{id_}",
                {"conversation": conversation},
                export_data.conversation_messages(user_id, id_),
                title=conversation["name"],
            )
        except NotFound:
            continue  # the person left it a moment ago
        written.append({"conversation": conversation, "count": count})
    return written


def _write_pictures(archive: zipfile.ZipFile, user_id: str) -> list[dict[str, Any]]:
    """Write the files of the person's pictures; return the pictures' data."""
    written = []
    for picture in owned_pictures(user_id):
        try:
            with files().open(file_name(picture.id)) as file:
                archive.writestr(f"pictures/{picture.id}.webp", file.read())
        except NotFound:
            continue  # it was deleted a moment ago
        facts = {"source_url": picture.source_url, "created_at": iso(picture.created_at)}
        written.append({**picture_json(picture), **facts})
    return written


def _write_messages(
    archive: zipfile.ZipFile,
    name: str,
    head: dict[str, Any],
    messages: Iterator[MessageJson],
    *,
    title: str,
) -> int:
    """Write ``name``.json and ``name``.html in one pass; return the number of messages."""
    macros = _page_macros()
    count = 0
    with tempfile.SpooledTemporaryFile(_MAX_PAGE_BYTES_IN_MEMORY) as page:
        _write_text(page, macros.head(title, "../" * name.count("/") + "index.html"))
        with archive.open(f"{name}.json", "w", force_zip64=True) as data:
            data.write(json.dumps(head, ensure_ascii=False)[:-1].encode() + b', "messages": [')
            for message in messages:
                data.write(b",\n" if count else b"\n")
                data.write(json.dumps(message, ensure_ascii=False).encode())
                _write_text(page, macros.message(message))
                count += 1
            data.write(b"\n]}\n")
        _write_text(page, macros.foot(count))
        page.seek(0)
        with archive.open(f"{name}.html", "w", force_zip64=True) as copy:
            shutil.copyfileobj(page, copy)
    return count


def _write_json(archive: zipfile.ZipFile, name: str, value: Any) -> None:
    archive.writestr(name, json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def _page_macros() -> Any:
    """Return the template macros for the pages, which need no context."""
    template = current_app.jinja_env.get_template("export/parts.html")
    return template.make_module()


def _write_text(page: IO[bytes], text: str) -> None:
    page.write(str(text).encode())
