"""One description of an error, three ways to tell it: a JSON body, a page, a socket's answer."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Any

from flask import (
    Flask,
    Response,
    current_app,
    g,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from werkzeug.exceptions import HTTPException, InternalServerError

from chatapp import themes
from chatapp.calls import is_call
from chatapp.errors import ChatError, Internal, Unauthenticated, Unavailable, describe
from chatapp.forms import waiting
from chatapp.logs import request_id

log = logging.getLogger(__name__)

_TITLES = {404: "Not found", 403: "Not allowed", 503: "One moment, please"}


def init_app(app: Flask) -> None:
    """Answer every exception of a request through `describe`."""
    app.register_error_handler(Exception, _answer)


def tell(exc: BaseException) -> ChatError:
    """`describe`, and into the log what is our fault."""
    error = describe(exc)
    if isinstance(error, Internal | Unavailable) and exc is not error:
        log.error("%s: %s", error.code, type(exc).__name__, exc_info=exc)
    return error


def error_json(error: ChatError) -> dict[str, Any]:
    """The one shape (contracts, rule 6)."""
    body: dict[str, Any] = {"code": error.code, "message": error.message}
    if error.fields:
        body["fields"] = error.fields
    return {"error": body}


def error_ack(error: ChatError) -> dict[str, Any]:
    """What a socket event that failed is acknowledged with."""
    return {"ok": False, **error_json(error)}


def error_page(error: ChatError) -> Response:
    """A page that says what happened and what to do next; it asks no database."""
    g.me = None
    themes.use_default()
    title = _TITLES.get(error.status) or HTTPStatus(error.status).phrase.capitalize()
    page = render_template(
        "errors/error.html",
        status=error.status,
        code=error.code,
        title=title,
        message=error.message,
        step=error.step,
        request_id=request_id.get(),
        me=None,
    )
    return make_response(page, error.status)


def wants_json() -> bool:
    """Whether this request comes from a program."""
    return is_call(request.path, current_app.config["SETTINGS"])


def _answer(exc: Exception) -> Any:
    if isinstance(exc, InternalServerError) and isinstance(exc.original_exception, Exception):
        exc = exc.original_exception
    if isinstance(exc, HTTPException) and exc.code is not None and exc.code < 400:
        return exc  # a redirect
    error = tell(exc)
    if wants_json():
        shape = current_app.extensions.get("error_shape", error_json)
        response = jsonify(shape(error))
        response.status_code = error.status
    elif isinstance(error, Unauthenticated) and request.method in ("GET", "HEAD"):
        return redirect(url_for("auth.login_page", next=request.full_path.rstrip("?")))
    else:
        response = error_page(error)
    response.headers.update(waiting(error))
    if isinstance(exc, HTTPException) and exc.code == 405:
        response.headers["Allow"] = dict(exc.get_headers()).get("Allow", "")
    return response
