"""The checks that every request passes before its view runs, in one order.

The host was checked before, in WSGI (`web.allowed_hosts`), and so were cookies that other sites'
pages send along (`web.cookie_guard`).
"""

from __future__ import annotations

from chatapp.security import identity, rate_limits, verified_email
from chatapp.security.sessions import check_readable
from chatapp.security.view_policy import request_policy
from chatapp.web import csrf, uploads


def check_request() -> None:
    """Raise what refuses this request.

    A REST call needs its credential before anything is read; a page's form has to be ours first.
    """
    policy = request_policy()
    check_readable()
    identity.check_rest_caller(policy)
    uploads.allow_upload(policy)
    csrf.check_request(policy)
    identity.check_page_caller(policy)
    verified_email.check_request(policy)
    rate_limits.check_request(policy)
