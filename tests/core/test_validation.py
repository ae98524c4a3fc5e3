"""Input: the types that all doors share, cursors, tokens, and `next`."""

from __future__ import annotations

import unicodedata

import pytest
from pydantic import BaseModel, ValidationError

from chatapp.auth.schemas import Credentials, Registration
from chatapp.chat.schemas import Known, MessageBody, MessagesQuery, NewConversation
from chatapp.core.cursors import decode_cursor, encode_cursor
from chatapp.core.errors import BadRequest, ValidationFailed
from chatapp.core.paging import PageQuery, make_page
from chatapp.core.validation import ConversationId, Uuid, read_event
from chatapp.web.next_redirect import safe_next

PASSWORD = "correct horse battery"


def _refused(model: type[BaseModel], data: object) -> set[str]:
    with pytest.raises(ValidationError) as caught:
        model.model_validate(data, strict=True)
    return {".".join(map(str, error["loc"])) for error in caught.value.errors()}


def test_text_is_kept_as_it_came_but_for_nul_and_form():
    decomposed = unicodedata.normalize("NFD", "é")
    assert MessageBody(content=f" a\0b {decomposed}\n").content == " ab é\n"
    assert MessageBody(content="x" * 10_000).content == "x" * 10_000


@pytest.mark.parametrize(
    "content", ["", " \n\t", "\0", "\u3000", "x" * 10_001, 5, ["x"], None, "\ud800"]
)
def test_what_is_no_message(content):
    assert "content" in _refused(MessageBody, {"content": content})


def test_a_too_long_message_says_how_long_it_may_be():
    with pytest.raises(ValidationError, match="at most 10,000 characters; this has 10,001"):
        MessageBody(content="x" * 10_001)


def test_types_other_than_text_take_an_address():
    assert MessageBody(content="https://example.org/a.png", type="image").type == "image"
    for bad in ("javascript:alert(1)", "ftp://example.org/a", "/a.png", "https://"):
        with pytest.raises(ValidationError):
            MessageBody(content=bad, type="image")
    assert _refused(MessageBody, {"content": "x", "type": "system"}) == {"type"}


@pytest.mark.parametrize("id_", [0, -1, 2**31, True, "7", 7.0, None])
@pytest.mark.slow
def test_what_is_no_conversation_id(id_):
    class Model(BaseModel):
        id: ConversationId

    assert _refused(Model, {"id": id_}) == {"id"}


def test_user_ids_are_uuids_in_one_spelling():
    class Model(BaseModel):
        id: Uuid

    spelled = "6B1F0000000040008000000000000001"
    assert Model(id=spelled).id == "6b1f0000-0000-4000-8000-000000000001"
    assert _refused(Model, {"id": "6b1f…"}) == {"id"}
    assert "participant_ids.0" in _refused(NewConversation, {"participant_ids": [{"$ne": None}]})


def test_two_bounds_together_are_refused_and_a_large_limit_is_the_most():
    with pytest.raises(ValidationError, match="one of before, after and around"):
        MessagesQuery(before=1, after=2)
    assert MessagesQuery(limit=9999).limit == 200
    with pytest.raises(ValidationError):
        MessagesQuery(limit=0)


@pytest.mark.parametrize("key", ["0", "-1", "x", "٣", "99999999999", "4294967296", "1.5", ""])
def test_sync_takes_ids_only(key):
    assert _refused(Known, {"versions": {key: 1}})


def test_an_event_has_one_object():
    with pytest.raises(BadRequest):
        read_event(MessageBody, ([1],))
    with pytest.raises(ValidationError):
        read_event(MessageBody, ())


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", "ada"),
        ("email", "ada@"),
        ("email", ["ada@example.org"]),
        ("email", "a" * 250 + "@example.org"),
        ("password", "seven77"),
        ("password", "x" * 129),
        ("password", "Password1"),
        ("password", 12345678),
        ("username", "ab"),
        ("username", "a" * 31),
        ("username", "ada lovelace"),
        ("username", "ädä"),
        ("name", "x" * 81),
        ("name", {"$ne": None}),
    ],
)
def test_what_registration_refuses(field, value):
    good = {"email": "ada@example.org", "password": PASSWORD}
    assert field in {loc.split(".")[0] for loc in _refused(Registration, {**good, field: value})}


def test_what_registration_takes():
    new = Registration(
        email=" Ada@Example.ORG ", password="ünïcode pass", username="Ada.L", name=" A  B "
    )
    assert (new.email, new.username, new.name) == ("ada@example.org", "ada.l", "A B")
    assert Registration(email="ada@chat.local", password="x" * 128, name=" ").name is None
    for example in ("correct horse battery", "    leading and trailing   "):
        assert Registration(email="ada@example.org", password=example).password == example


def test_common_passwords_are_refused_in_any_case():
    for common in ("password", "PASSWORD", "12345678", "qwertyuiop", "trustno1"):
        assert _refused(Registration, {"email": "ada@example.org", "password": common}) == {
            "password"
        }


def test_a_login_name_is_folded():
    assert Credentials(email=" ADA ", password="x").email == "ada"


def test_pages_of_a_list():
    page = make_page([1, 2, 3], 2, lambda n: (n, "x"))
    assert page.items == [1, 2]
    assert decode_cursor(page.next_cursor, int, str) == [2, "x"]
    assert make_page([1, 2], 2, lambda n: (n,)).next_cursor is None
    assert decode_cursor(None, int) is None
    assert PageQuery(limit=1000).limit == 200


@pytest.mark.parametrize(
    "cursor", ["x", "!!!!", "e30", encode_cursor((1,)), encode_cursor(("x", 1)), "é"]
)
def test_cursors_of_other_lists_are_refused(cursor):
    with pytest.raises(ValidationFailed):
        decode_cursor(cursor, int, str)


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "https://evil.example",
        "https:evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "javascript:alert(1)",
        "evil.example",
        "///evil.example",
        "",
        None,
    ],
)
def test_next_stays_here(app, target):
    with app.test_request_context():
        assert safe_next(target) == "/"


def test_next_goes_where_one_was(app):
    with app.test_request_context():
        assert safe_next("/chats/7?before=3") == "/chats/7?before=3"
        assert safe_next("/%2f%2fevil.example") == "/%2f%2fevil.example"  # a path, and stays one
