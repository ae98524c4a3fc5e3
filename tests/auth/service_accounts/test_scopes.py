"""Which calls each scope opens to services."""

from __future__ import annotations

import re

import pytest

from chatapp.security.scopes import SCOPES
from chatapp.security.view_policy import policy, policy_of


def rest_views(app):
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith("/api/"):
            yield rule, app.view_functions[rule.endpoint]


def test_every_rest_call_says_what_it_takes_of_a_service(app):
    """Each is public, personal (nobody does it for another) or has exactly one scope."""
    for rule, view in rest_views(app):
        found = policy_of(view)
        said = [name for name in ("public", "personal", "scope") if getattr(found, name)]
        assert len(said) == 1, f"give {rule} a scope, or make it personal (security/view_policy.py)"


def test_every_scope_is_used_and_no_other_is_accepted(app):
    used = {policy_of(view).scope for _, view in rest_views(app)}
    assert used - {None} == set(SCOPES)
    with pytest.raises(ValueError, match="no scope"):
        policy(scope="chat:admin")


def test_reading_scopes_read_only(app):
    for rule, view in rest_views(app):
        name = policy_of(view).scope
        if name is not None:
            writes = bool(rule.methods - {"GET", "HEAD", "OPTIONS"})
            assert name.endswith(":write") == writes, rule


def test_services_cannot_touch_account_security(app):
    for rule, view in rest_views(app):
        if re.search(r"/auth/|password|session", rule.rule) or (
            rule.rule == "/api/users/me" and "DELETE" in rule.methods
        ):
            assert policy_of(view).scope is None, rule
