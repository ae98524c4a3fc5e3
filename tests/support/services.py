"""A service with a token, in this process."""

from __future__ import annotations

from tests.support.world import Api

GRACE = {"username": "grace", "name": "Grace Hopper", "external_id": "crm:42"}


class Service(Api):
    """Calls with a service token; `call(..., as_=person)` on a person's behalf."""

    def call(self, method, path, json=None, as_=None, **kwargs):
        if as_ is not None:
            kwargs["headers"] = {"On-Behalf-Of": getattr(as_, "id", as_)}
        return super().call(method, path, json, **kwargs)


def code(answer):
    return answer.status_code, answer.get_json()["error"]["code"]
