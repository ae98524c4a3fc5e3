"""Error handlers: an error becomes a JSON body for programs, and a page for people."""

from __future__ import annotations

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

from chatapp.core.errors import (
    BadRequest,
    ChatError,
    Conflict,
    Forbidden,
    NotFound,
    TooLarge,
    Unauthenticated,
    UnsupportedMediaType,
    describe_and_log,
    error_json,
)
from chatapp.core.logs import request_id
from chatapp.security.api_paths import is_api_path
from chatapp.web import themes
from chatapp.web.forms import retry_after_headers

_BY_STATUS = {
    error.status: error
    for error in (Unauthenticated, Forbidden, NotFound, Conflict, TooLarge, UnsupportedMediaType)
}
_TITLES = {404: "Not found", 403: "Not allowed", 503: "One moment, please"}


def init_app(app: Flask) -> None:
    """Answer every exception of a request."""
    app.register_error_handler(Exception, _answer)


def error_page(error: ChatError) -> Response:
    """Return a page that says what happened and what to do next, without asking the database."""
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


def describe_http(exc: Exception) -> ChatError | None:
    """Return the error for what Flask or Werkzeug refused; None for everything else."""
    if not isinstance(exc, HTTPException) or exc.code is None or not 400 <= exc.code < 500:
        return None
    kind = _BY_STATUS.get(exc.code)
    return kind() if kind else BadRequest(exc.description, status=exc.code)


def wants_json() -> bool:
    """Return whether this request comes from a program."""
    return is_api_path(request.path, current_app.config["SETTINGS"])


def _answer(exc: Exception) -> Any:
    if isinstance(exc, InternalServerError) and isinstance(exc.original_exception, Exception):
        exc = exc.original_exception
    if isinstance(exc, HTTPException) and exc.code is not None and exc.code < 400:
        return exc  # a redirect
    error = describe_http(exc) or describe_and_log(exc)
    if wants_json():
        shape = current_app.extensions.get("error_shape", error_json)
        response = jsonify(shape(error))
        response.status_code = error.status
    elif isinstance(error, Unauthenticated) and request.method in ("GET", "HEAD"):
        return redirect(url_for("auth.login_page", next=request.full_path.rstrip("?")))
    else:
        response = error_page(error)
    response.headers.update(retry_after_headers(error))
    if isinstance(exc, HTTPException) and exc.code == 405:
        response.headers["Allow"] = dict(exc.get_headers()).get("Allow", "")
    return response
