"""Posted forms: showing one again with what was typed and what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, TypeVar

from flask import Response, make_response, request
from pydantic import ValidationError

from chatapp.core.errors import ChatError, describe

V = TypeVar("V", bound=Callable[..., Any])

#: What a form can be refused with.
FORM_ERRORS = (ChatError, ValidationError)


@dataclass(slots=True)
class Form:
    """Values by field name, a sentence for each wrong field, and one for the whole."""

    values: dict[str, str] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    error: str | None = None
    #: Why the form was refused, None for one that wasn't posted yet.
    cause: ChatError | None = None

    @property
    def message(self) -> str | None:
        """Return why the form was refused, in one sentence, even where fields have their own."""
        return self.cause.message if self.cause else self.error


def form_view(
    render: Callable[..., Any],
    *,
    secret: Iterable[str] = (),
    unless: tuple[type[ChatError], ...] = (),
) -> Callable[[V], V]:
    """Show a view's form again when the view raises what is wrong with it.

        @bp.post("/settings/profile")
        @form_view(_profile_page)
        def profile_form() -> Any: ...

    ``render(form, **url_values)`` makes the page, which is answered with the error's status.
    ``secret`` fields are empty again. An error that is one of ``unless`` is raised: it has a page
    of its own.
    """

    def decorate(view: V) -> V:
        @wraps(view)
        def answer(**url_values: Any) -> Any:
            try:
                return view(**url_values)
            except unless:
                raise
            except FORM_ERRORS as exc:
                return refused_form(exc, lambda form: render(form, **url_values), secret=secret)

        return answer  # type: ignore[return-value]

    return decorate


def refused_form(
    exc: Exception, render: Callable[[Form], Any], *, secret: Iterable[str] = ()
) -> Response:
    """Answer with the posted form and what is wrong with it. Most views need just `form_view`."""
    error = describe(exc)
    hidden = {"csrf_token", *secret}
    values = {name: value for name, value in request.form.items() if name not in hidden}
    form = Form(values, error.fields, None if error.fields else error.message, error)
    return with_error(render(form), error)


def with_error(page: Any, error: ChatError) -> Response:
    """Answer with a page that tells of this error, under its status."""
    response: Response = make_response(page)
    response.status_code = error.status
    response.headers.update(retry_after_headers(error))
    return response


def retry_after_headers(error: ChatError) -> dict[str, str]:
    """Return the header that says when to try again, where it is too early."""
    return {} if error.retry_after is None else {"Retry-After": str(error.retry_after)}
