"""The scopes that a service token can have: what it may do on behalf of people.

Which scope a REST call takes stands in its view's policy (`view_policy`).
"""

from __future__ import annotations

SCOPES = {
    "users:read": "read profiles and the directory as somebody",
    "users:write": "make accounts; change profiles, contacts and blocks as somebody",
    "chat:read": "read conversations and messages as somebody",
    "chat:write": "open conversations, send, edit, react and mark as read as somebody",
    "groups:read": "read groups as somebody",
    "groups:write": "make and change groups and their members as somebody",
    "tokens:write": "issue people's own tokens, with which everything of theirs can be done",
}
