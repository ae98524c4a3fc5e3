"""What a view demands of a request: one frozen `ViewPolicy` a view, set beside its route.

    @bp.get("/api/chat")
    @policy(scope="chat:read")

A view without one has the default: somebody has to be signed in, no service may call it, and what
changes something takes a confirmed address. That suits pages; a REST call has to say which of
`public`, `personal` and `scope` it is, and a test refuses one that doesn't.
`web.enforcement` checks every request against the policy of its view.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from flask import current_app, g, request

from chatapp.security.scopes import SCOPES

V = TypeVar("V", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewPolicy:
    """Who may call a view, and what it costs them."""

    #: No credential is needed.
    public: bool = False
    #: A service token with this scope may call it on behalf of a person.
    scope: str | None = None
    #: It is about the person's own account, so no service calls it.
    personal: bool = False
    #: Services call it in their own name, and nobody else.
    service: bool = False
    #: A request that changes something takes a confirmed address, if REQUIRE_VERIFIED_EMAIL is on.
    verified: bool = True
    #: What the request counts as. Messages are counted where they are stored, when it is known that
    #: they are new; of pictures one page loads many at once, so they aren't counted.
    limit: Literal["requests", "messages", "none"] = "requests"
    #: It takes a file, so its body may be larger.
    upload: bool = False

    def __post_init__(self) -> None:
        """Refuse policies that contradict themselves."""
        if self.scope is not None and self.scope not in SCOPES:
            raise ValueError(f"there is no scope {self.scope!r}")
        if self.public + self.personal + (self.scope is not None) > 1:
            raise ValueError("a view is public, personal or has a scope: only one of these")
        if self.service and self.scope is None:
            raise ValueError("a service's own call needs a scope")


_DEFAULT = ViewPolicy()
#: For requests that no view answers (404, 405).
_UNROUTED = ViewPolicy(public=True)


def policy(
    *,
    public: bool = False,
    scope: str | None = None,
    personal: bool = False,
    service: bool = False,
    verified: bool | None = None,
    limit: Literal["requests", "messages", "none"] = "requests",
    upload: bool = False,
) -> Callable[[V], V]:
    """Set a view's `ViewPolicy`; stands below the route. Raises ValueError for a contradiction.

    Unless it is said otherwise, what is public or personal takes no confirmed address.
    """
    made = ViewPolicy(
        public=public,
        scope=scope,
        personal=personal,
        service=service,
        verified=not (public or personal) if verified is None else verified,
        limit=limit,
        upload=upload,
    )

    def decorate(view: V) -> V:
        view.policy = made  # type: ignore[attr-defined]
        return view

    return decorate


def has_policy(view: Callable[..., Any]) -> bool:
    """Return whether the view sets a policy of its own."""
    return hasattr(view, "policy")


def policy_of(view: Callable[..., Any]) -> ViewPolicy:
    """Return the view's policy, or the default."""
    found: ViewPolicy = getattr(view, "policy", _DEFAULT)
    return found


def request_policy() -> ViewPolicy:
    """Return the policy of the view that answers this request."""
    if "view_policy" not in g:
        view = current_app.view_functions.get(request.endpoint or "")
        g.view_policy = policy_of(view) if view else _UNROUTED
    found: ViewPolicy = g.view_policy
    return found
