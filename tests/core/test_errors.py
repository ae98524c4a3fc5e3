"""Errors: their codes, their descriptions, and how doors render them."""

from __future__ import annotations

from typing import Annotated

import pytest
from pydantic import BaseModel, Field, ValidationError
from sqlalchemy.exc import IntegrityError, OperationalError
from werkzeug.exceptions import InternalServerError, MethodNotAllowed, RequestEntityTooLarge
from werkzeug.exceptions import NotFound as HttpNotFound

from chatapp.core import errors
from chatapp.core.errors import ChatError, describe, error_ack, error_json
from chatapp.core.validation import Line, Name
from chatapp.security.view_policy import policy
from chatapp.web.error_handlers import describe_http
from tests.support.errors import CODES


def test_codes_and_statuses_match_the_contract():
    tree = {kind.code: kind.status for kind in ChatError.__subclasses__()}
    assert tree == CODES
    for code, status in CODES.items():
        assert any(
            line.split()[-3:] and code in line and str(status) in line
            for line in (errors.__doc__ or "").splitlines()
        )


def test_errors_of_libraries_are_described():
    assert describe_http(HttpNotFound()).code == "not_found"
    assert describe_http(RequestEntityTooLarge()).code == "too_large"
    assert describe_http(InternalServerError()) is None
    method = describe_http(MethodNotAllowed())
    assert (method.code, method.status) == ("bad_request", 405)
    assert describe(OperationalError("x", {}, Exception("secret"))).code == "unavailable"
    assert describe(IntegrityError("x", {}, Exception("secret"))).code == "internal"


def test_internal_errors_reveal_nothing():
    told = describe(RuntimeError("password=hunter2"))
    assert told.code == "internal"
    assert "hunter2" not in str(error_json(told))


def test_wrong_fields_are_named():
    class Inner(BaseModel):
        numbers: list[int]

    with pytest.raises(ValidationError) as caught:
        Inner.model_validate({"numbers": [1, "x"]})
    told = describe(caught.value)
    assert told.code == "validation_failed"
    assert list(told.fields) == ["numbers.1"]
    with pytest.raises(ValidationError) as caught:
        Inner.model_validate({})
    assert describe(caught.value).fields == {"numbers": "This is required."}


def test_number_errors_are_readable():
    class Inner(BaseModel):
        uses: Annotated[int, Field(ge=1, le=1000)]

    for uses, words in {
        "0": "At least 1, please.",
        "1001": "At most 1,000, please.",
        "many": "This should be a whole number.",
        "1.5": "This should be a whole number.",
        "": "This should be a whole number.",
    }.items():
        with pytest.raises(ValidationError) as caught:
            Inner.model_validate({"uses": uses})
        assert describe(caught.value).fields == {"uses": words}


def test_length_errors_are_readable():
    class Inner(BaseModel):
        name: Name
        line: Annotated[Line, Field(max_length=2)] = ""
        code: Annotated[str, Field(min_length=3)] = "abc"
        ids: Annotated[list[int], Field(min_length=1, max_length=2)] = [1]

    def told(**fields: object) -> dict[str, str]:
        with pytest.raises(ValidationError) as caught:
            Inner.model_validate({"name": "Ada", **fields})
        return dict(describe(caught.value).fields)

    assert told(name=" ") == {"name": "This is required."}
    assert told(name="x" * 81) == {"name": "At most 80 characters, please."}
    assert told(line="abc", code="x") == {
        "line": "At most 2 characters, please.",
        "code": "At least 3 characters, please.",
    }
    assert told(ids=[]) == {"ids": "This is required."}
    assert told(ids=[1, 2, 3]) == {"ids": "At most 2 items, please."}


def test_the_json_shape():
    error = errors.Conflict("Taken.", fields={"email": "Taken."})
    assert error_json(error) == {
        "error": {"code": "conflict", "message": "Taken.", "fields": {"email": "Taken."}}
    }
    assert error_ack(errors.NotFound("No."))["ok"] is False
    assert "fields" not in error_json(errors.NotFound())["error"]


def test_pages_and_api_render_errors_differently(client, app):
    page = app.test_client().get("/nowhere")
    assert page.status_code == 404
    assert page.mimetype == "text/html"
    call = app.test_client().get("/api/nowhere")
    assert call.status_code == 404
    assert call.get_json()["error"]["code"] == "not_found"
    wrong = app.test_client().delete("/api/auth/login")
    assert wrong.status_code == 405
    assert "POST" in wrong.headers["Allow"]


def test_a_crash_is_one_internal_error_with_a_request_id(app, monkeypatch, caplog):
    @policy(public=True)
    def crash() -> None:
        raise RuntimeError("a secret detail")

    monkeypatch.setitem(app.view_functions, "health", crash)
    app.testing = False
    try:
        answer = app.test_client().get("/health", headers={"X-Request-ID": "abc-1"})
    finally:
        app.testing = True
    assert answer.status_code == 500
    assert "a secret detail" not in answer.text
    assert answer.headers["X-Request-ID"] == "abc-1"
    assert "a secret detail" in caplog.text


def test_only_harmless_request_ids_are_accepted(app):
    for bad in ("a b", "x" * 65, "é"):
        given = app.test_client().get("/health", headers={"X-Request-ID": bad})
        assert given.headers["X-Request-ID"] != bad
        assert len(given.headers["X-Request-ID"]) == 32


def test_the_error_page_needs_no_database(app, monkeypatch):
    from chatapp.core.db import db

    def down(*_: object, **__: object) -> None:
        raise OperationalError("SELECT 1", {}, Exception("the database is down"))

    client = app.test_client()
    client.set_cookie("chatapp_session", "x" * 43)
    monkeypatch.setattr(db.session, "scalar", down)
    monkeypatch.setattr(db.session, "get", down)
    app.testing = False
    try:
        page = client.get("/chats")
    finally:
        app.testing = True
    assert page.status_code == 503
    assert "try again" in page.text
    assert "database is down" not in page.text
