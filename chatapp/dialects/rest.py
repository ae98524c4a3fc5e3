"""The REST side of the dialects: calls of their own, and colon's calls in another shape."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import Blueprint, Flask, Response, g, request

from chatapp.core.errors import ChatError, error_json
from chatapp.dialects.use_counter import UseCounter

View = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Rest:
    """A dialect's calls."""

    name: str
    #: Calls at addresses that colon doesn't have.
    blueprint: Blueprint | None = None
    #: The beginnings of these addresses.
    paths: tuple[str, ...] = ()
    #: Returns whether a request to an address that colon has too is meant for this dialect.
    matches: Callable[[], bool] = lambda: False
    #: The views that answer such requests, by the name of colon's endpoint.
    overrides: Mapping[str, View] = field(default_factory=dict)
    failed: Callable[[ChatError], dict[str, Any]] = error_json

    def answers(self) -> bool:
        """Return whether the current request is this dialect's."""
        return request.path.startswith(self.paths) or self.matches()


def init_app(app: Flask, dialects: Sequence[Rest]) -> None:
    """Answer these dialects' calls, each with errors in its own shape."""
    uses = UseCounter(app.extensions["hub"].speakers)

    def spoken() -> Rest | None:
        if "dialect" not in g:  # an error may ask before `answer` does
            g.dialect = next((rest for rest in dialects if rest.answers()), None)
        dialect: Rest | None = g.dialect
        return dialect

    def answer() -> Any:
        rest = spoken()
        if rest is None:
            return None
        view = rest.overrides.get(request.endpoint or "")
        return view(**(request.view_args or {})) if view else None

    def shape(error: ChatError) -> dict[str, Any]:
        rest = spoken()
        return rest.failed(error) if rest else error_json(error)

    def count(response: Response) -> Response:
        rest = spoken() if response.status_code < 400 else None
        if rest is not None:
            uses.count(rest.name)
        return response

    for rest in dialects:
        if rest.blueprint is not None:
            app.register_blueprint(rest.blueprint)
    app.before_request(answer)
    app.after_request(count)
    app.extensions["error_shape"] = shape
