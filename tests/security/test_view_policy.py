"""View policies: which ones there can be, and that every REST call has one."""

from __future__ import annotations

import pytest

from chatapp.security.api_paths import is_rest_path
from chatapp.security.view_policy import ViewPolicy, has_policy, policy, policy_of


def views(app):
    for rule in app.url_map.iter_rules():
        yield rule, app.view_functions[rule.endpoint]


def test_every_rest_call_says_who_may_make_it(app):
    for rule, view in views(app):
        if is_rest_path(rule.rule, app.config["SETTINGS"]):
            found = policy_of(view)
            said = found.public or found.personal or found.scope is not None
            assert has_policy(view), f"give {rule} a @policy(...) (security/view_policy.py)"
            assert said, f"{rule}: its policy is neither public nor personal and has no scope"


def test_pages_are_closed_unless_they_say_otherwise(app):
    client = app.test_client()
    closed = 0
    for rule, view in views(app):
        if is_rest_path(rule.rule, app.config["SETTINGS"]) or "GET" not in rule.methods:
            continue
        if rule.arguments or policy_of(view).public:
            continue
        answer = client.get(rule.rule)
        assert answer.status_code == 302, rule
        assert answer.headers["Location"].startswith("/login"), rule
        closed += 1
    assert closed > 10


def test_a_page_that_says_nothing_takes_a_person(app):
    assert policy_of(lambda: None) == ViewPolicy()
    assert not ViewPolicy().public


@pytest.mark.parametrize(
    "arguments",
    [
        {"scope": "chat:admin"},
        {"public": True, "personal": True},
        {"public": True, "scope": "chat:read"},
        {"personal": True, "scope": "chat:read"},
        {"service": True},
    ],
)
def test_a_policy_cannot_contradict_itself(arguments):
    with pytest.raises(ValueError, match=r"scope|only one"):
        policy(**arguments)


@pytest.mark.parametrize(
    ("arguments", "needed"),
    [
        ({}, True),
        ({"scope": "chat:write"}, True),
        ({"scope": "chat:write", "verified": False}, False),
        ({"personal": True}, False),
        ({"public": True}, False),
    ],
)
def test_a_confirmed_address_is_needed_unless_it_is_the_own_account(arguments, needed):
    assert policy_of(policy(**arguments)(lambda: None)).verified is needed
