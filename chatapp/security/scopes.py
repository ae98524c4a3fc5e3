"""What a service token may do, and which scope each REST call takes.

A service token acts for people (see `identity`). Every REST call says beside its route what that
takes: `@scope("chat:read")`, or `@personal` where it is a person's own business and no service's.
The services' own calls, which act for nobody, say `@service_call("users:write")`. A call that says
nothing is refused to services.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

V = TypeVar("V", bound=Callable[..., Any])

SCOPES = {
    "users:read": "read profiles and the directory as somebody",
    "users:write": "make accounts; change profiles, contacts and blocks as somebody",
    "chat:read": "read conversations and messages as somebody",
    "chat:write": "open conversations, send, edit, react and mark as read as somebody",
    "groups:read": "read groups as somebody",
    "groups:write": "make and change groups and their members as somebody",
    "tokens:write": "issue people's own tokens, with which everything of theirs can be done",
}


def scope(name: str) -> Callable[[V], V]:
    """Marks a REST call that a service token with this scope may make for somebody."""
    if name not in SCOPES:
        raise ValueError(f"there is no scope {name!r}")

    def mark(view: V) -> V:
        view.scope = name  # type: ignore[attr-defined]
        return view

    return mark


def personal(view: V) -> V:
    """Marks a REST call that no service makes for anybody: passwords, sessions, farewells."""
    view.personal = True  # type: ignore[attr-defined]
    return view


def service_call(name: str) -> Callable[[V], V]:
    """Marks a REST call that a service with this scope makes in its own name, and nobody else."""

    def mark(view: V) -> V:
        view.services_only = True  # type: ignore[attr-defined]
        return scope(name)(view)

    return mark


def scope_of(view: Callable[..., Any]) -> str | None:
    """The scope that a service token needs for this call, None where no service may make it."""
    name: str | None = getattr(view, "scope", None)
    return name


def is_service_call(view: Callable[..., Any]) -> bool:
    """Whether it is services themselves that make this call."""
    return getattr(view, "services_only", False)
