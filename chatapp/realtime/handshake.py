"""What a client says in its handshake: the dialect it speaks, and whose connection it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from flask import request

from chatapp.core.errors import BadRequest, Forbidden
from chatapp.realtime.dialect import COLON, Dialect
from chatapp.security.identity import Identity


@dataclass(frozen=True, slots=True)
class Handshake:
    """The dialect that a client names, and the ids it says it has; either may be missing."""

    #: The dialects that are switched on.
    known: Mapping[str, Dialect]
    named: Any
    user_ids: tuple[Any, ...]

    @classmethod
    def read(cls, auth: object, known: Mapping[str, Dialect]) -> Self:
        """Read it from ``auth`` and from the query of the current request."""
        given = auth if isinstance(auth, Mapping) else {}
        ids = (given.get("userId"), *request.args.getlist("userId"))
        return cls(
            known,
            given.get("dialect", request.args.get("dialect")),
            tuple(id_ for id_ in ids if id_ is not None),
        )

    def dialect(self, identity: Identity) -> Dialect:
        """Return the dialect of this connection; unless it `settles`, the first event may differ.

        Raises BadRequest for a dialect that isn't spoken here, Forbidden for another person's id.
        """
        if any(id_ != identity.user_id for id_ in self.user_ids):
            raise Forbidden("This userId isn't the one that the token belongs to.")
        if self.named is not None:
            if not isinstance(self.named, str) or self.named not in self.known:
                spoken = ", ".join(sorted(self.known))
                raise BadRequest(f"The dialects spoken here are {spoken}.")
            return self.known[self.named]
        if identity.by_cookie_token:
            return self.known.get("cookie", COLON)
        return self.known.get("camel", COLON) if self.user_ids else COLON

    def settles(self, dialect: Dialect) -> bool:
        """Return whether the first event can no longer show another dialect than this."""
        return self.named is not None or dialect is not COLON

    @property
    def wants_message(self) -> bool:
        """Whether a refusal carries the sentence in place of its code, as camel's clients show."""
        return "camel" in self.known and (
            self.named == "camel" or (self.named is None and bool(self.user_ids))
        )
