"""The scopes that a service token can have: what it may do on behalf of people.

Which scope a REST call takes stands in its view's policy (`view_policy`).
"""

from __future__ import annotations

SCOPES = {
    "users:read": "read profiles and the directory on behalf of a user",
    "users:write": "create accounts; change profiles, contacts and blocks on behalf of a user",
    "chat:read": "read conversations and messages on behalf of a user",
    "chat:write": "open conversations, send, edit, react and mark as read on behalf of a user",
    "groups:read": "read groups on behalf of a user",
    "groups:write": "create and change groups and their members on behalf of a user",
    "tokens:write": "issue tokens of users, which allow everything that these users can do",
}
