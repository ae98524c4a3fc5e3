"""The REST side of the dialects: calls of their own, and colon's calls in another shape."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import Blueprint, Flask, Response, g, request

from chatapp.core.errors import ChatError, error_json
from chatapp.realtime.dialect import note_use

View = Callable[..., Any]

#: Sign-ins of which it is known that they use older names; the longest unused are forgotten.
_MOST_KNOWN = 10_000
_known: OrderedDict[tuple[str, str], None] = OrderedDict()


@dataclass(frozen=True, slots=True)
class Rest:
    """A dialect's calls."""

    name: str
    #: Calls at addresses that colon doesn't have.
    blueprint: Blueprint | None = None
    #: Where these begin.
    paths: tuple[str, ...] = ()
    #: Whether a request to an address that both have is this dialect's.
    is_meant: Callable[[], bool] = lambda: False
    #: What answers such a request, by the name of colon's endpoint.
    instead: Mapping[str, View] = field(default_factory=dict)
    failed: Callable[[ChatError], dict[str, Any]] = error_json

    def answers(self) -> bool:
        """Whether the present request is this dialect's."""
        return request.path.startswith(self.paths) or self.is_meant()


def init_app(app: Flask, dialects: Sequence[Rest]) -> None:
    """Answer these dialects' calls, each with errors in its own shape."""

    def spoken() -> Rest | None:
        if "dialect" not in g:  # an error may ask before `answer` does
            g.dialect = next((rest for rest in dialects if rest.answers()), None)
        dialect: Rest | None = g.dialect
        return dialect

    def answer() -> Any:
        rest = spoken()
        if rest is None:
            return None
        view = rest.instead.get(request.endpoint or "")
        return view(**(request.view_args or {})) if view else None

    def shape(error: ChatError) -> dict[str, Any]:
        rest = spoken()
        return rest.failed(error) if rest else error_json(error)

    for rest in dialects:
        if rest.blueprint is not None:
            app.register_blueprint(rest.blueprint)

    def note(response: Response) -> Response:
        rest = spoken() if response.status_code < 400 else None
        if rest is not None:
            _note(rest.name)
        return response

    app.before_request(answer)
    app.after_request(note)
    app.extensions["error_shape"] = shape


def _note(dialect: str) -> None:
    """Count a sign-in's first call; and each by which somebody signs in."""
    sign_in = g.get("sign_in")
    if sign_in is not None:
        key = (dialect, sign_in.id)
        known_already = key in _known
        _known[key] = None
        _known.move_to_end(key)
        if known_already:
            return
        if len(_known) > _MOST_KNOWN:
            _known.popitem(last=False)
    note_use(dialect, sign_in.user_id if sign_in else None)
