"""Service accounts: what other applications may do, and the people they may act for.

A service token (`service_tokens`) identifies a program. It makes a REST call as the person named by
`On-Behalf-Of`, and only if the token has the call's scope. No service acts for staff, so that a
stolen service token doesn't administer the server.
"""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import Select, select

from chatapp.core.db import db
from chatapp.core.errors import Forbidden, Unauthenticated
from chatapp.models import ServiceToken, User
from chatapp.security.view_policy import ViewPolicy


def check_scope(service: ServiceToken, policy: ViewPolicy) -> None:
    """Raise Forbidden unless the service may call a view with this policy."""
    if policy.scope is None:
        raise Forbidden(
            "No service makes this call for anybody: it takes the person's own session or token."
        )
    if not service.allows(policy.scope):
        raise Forbidden(f"This takes a service token with the scope {policy.scope}.")


def person_acted_for(user_id: str | None) -> User:
    """Return the person named by `On-Behalf-Of`.

    Raises Unauthenticated where it is missing, and Forbidden, in the same words whatever the
    reason, where no service may act for that person.
    """
    if not user_id:
        raise Unauthenticated(
            "A service token says which program this is, not who. "
            "Send the person's id beside it: On-Behalf-Of: <user id>."
        )
    id_ = _id(user_id)
    user: User | None = None
    if id_ is not None:
        user = db.session.scalar(people_to_act_for().where(User.id == id_))
    if user is None:
        raise Forbidden(
            "On-Behalf-Of takes the id of an active account that isn't staff; this is none."
        )
    return user


def people_to_act_for() -> Select[User]:
    """Select everyone a service may act for."""
    return select(User).where(
        User.is_active, User.deleted_at.is_(None), ~User.is_staff, ~User.is_superuser
    )


def _id(text: str) -> str | None:
    """Return the id as it is stored, however it is written; None for what is no id."""
    try:
        return str(UUID(text))
    except ValueError:
        return None
