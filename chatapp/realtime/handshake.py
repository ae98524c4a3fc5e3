"""What a connection says of itself before its first event (contracts, rule 3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from flask import request

from chatapp.core.errors import BadRequest, Forbidden
from chatapp.realtime.dialect import COLON, Dialect, known
from chatapp.security.identity import Identity


@dataclass(frozen=True, slots=True)
class Handshake:
    """The dialect that a client names, and the ids it says it has; either may be missing."""

    named: Any
    user_ids: tuple[Any, ...]

    @classmethod
    def of(cls, auth: object) -> Self:
        """From ``auth``, and from the query of the request that is being handled."""
        said = auth if isinstance(auth, Mapping) else {}
        return cls(
            said.get("dialect", request.args.get("dialect")),
            tuple(
                id_
                for id_ in (said.get("userId"), *request.args.getlist("userId"))
                if id_ is not None
            ),
        )

    def dialect(self, identity: Identity) -> Dialect:
        """What this connection speaks; colon that isn't `settled` may still turn out another.

        Raises BadRequest for a name that isn't spoken here, Forbidden where the id is another's.
        """
        if any(id_ != identity.user_id for id_ in self.user_ids):
            raise Forbidden("This userId isn't the one that the token belongs to.")
        if self.named is not None:
            if not isinstance(self.named, str) or self.named not in known:
                raise BadRequest(f"The dialects spoken here are {', '.join(sorted(known))}.")
            return known[self.named]
        if identity.by_cookie_token:
            return known.get("cookie", COLON)
        return known.get("camel", COLON) if self.user_ids else COLON

    def settled(self, dialect: Dialect) -> bool:
        """Whether the first event can't show another dialect any more."""
        return self.named is not None or dialect is not COLON

    @property
    def wants_a_sentence(self) -> bool:
        """Whether a refusal's message is the sentence itself, as camel's clients show it."""
        return "camel" in known and (
            self.named == "camel" or (self.named is None and bool(self.user_ids))
        )
