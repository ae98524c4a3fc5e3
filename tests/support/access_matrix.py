"""What people without the right get from each route and event, with ids of what isn't theirs.

Every route and event of the app needs a rule here; `tests/live/test_strangers.py` checks that.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

SECRET = "sesame-7f3a"  # stands in what Alice and Bob say to each other, and in their group's name
NOBODY = "00000000-0000-4000-8000-000000000000"


@dataclass(frozen=True)
class Rule:
    """What Carol and Dave get, what someone without any credential gets, and a plain member."""

    path: str  # {conversation}, {message}, {group}, {alice}, {bob} are filled in
    carol: int
    anonymous: int
    body: dict[str, Any] = field(default_factory=dict)
    query: dict[str, Any] = field(default_factory=dict)
    member: int | None = None  # where a plain member may not do it either


TEXT = {"content": "from Carol"}
DIALECT = "tests/live/dialects shows that strangers are refused, in the dialect's own shape"

# Keyed by method and rule, converters left out. 302 without a credential leads to the login page.
ROUTES: dict[str, Rule | str] = {
    # pages
    "GET /": Rule("/", 302, 200),
    "GET /login": Rule("/login", 302, 200),
    "GET /register": Rule("/register", 302, 200),
    "POST /login": "signing in is test_sessions'; it takes no id",
    "POST /register": "takes no id",
    "POST /logout": "takes no id",
    "GET /auth/google": Rule("/auth/google", 404, 404),  # where no provider is configured
    "GET /auth/google/connect": Rule("/auth/google/connect", 404, 302),
    "GET /auth/google/callback": Rule("/auth/google/callback", 404, 404),
    "GET /auth/google/confirm": Rule("/auth/google/confirm", 404, 404),
    "POST /settings/account/disconnect": Rule(
        "/settings/account/disconnect", 404, 401, {"id": "{group}"}
    ),
    "POST /auth/google/confirm": "acts on what the session keeps; takes no id",
    "GET /verify": Rule("/verify", 200, 302),
    "POST /verify": "takes a token from a mail, which test_verification has",
    "POST /verify/resend": "mails to one's own address; takes no id",
    "GET /forgot": Rule("/forgot", 200, 200),
    "POST /forgot": "takes an address; test_equal_work shows that every address is answered alike",
    "GET /reset": Rule("/reset", 422, 422),
    "POST /reset": "takes a token from a mail, which test_password_reset has",
    "GET /chats": Rule("/chats", 200, 302),
    "GET /chats/sidebar": Rule("/chats/sidebar", 200, 302),
    "GET /chats/<conversation_id>": Rule("/chats/{conversation}", 404, 302),
    "POST /chats/<conversation_id>": Rule(
        "/chats/{conversation}", 404, 401, {"content": "from Carol", "client_id": "c"}
    ),
    "GET /chats/<conversation_id>/@<seq>": Rule("/chats/{conversation}/@1", 404, 302),
    "POST /chats/<conversation_id>/messages/<message_id>/edit": Rule(
        "/chats/{conversation}/messages/{message}/edit", 404, 401, TEXT, member=403
    ),
    "POST /chats/<conversation_id>/messages/<message_id>/delete": Rule(
        "/chats/{conversation}/messages/{message}/delete", 404, 401, member=403
    ),
    "POST /chats/<conversation_id>/messages/<message_id>/react": Rule(
        "/chats/{conversation}/messages/{message}/react", 404, 401, {"emoji": "👍"}
    ),
    "POST /chats/<conversation_id>/preferences": Rule(
        "/chats/{conversation}/preferences", 404, 401, {"pinned": "true"}
    ),
    "GET /people": Rule("/people", 200, 302),
    "GET /people/<user_id>": Rule("/people/{alice}", 200, 302),
    "GET /contacts": Rule("/contacts", 200, 302),
    "POST /people/<user_id>/contact": Rule("/people/{group}/contact", 422, 401),
    "POST /people/<user_id>/contact/remove": Rule("/people/{alice}/contact/remove", 303, 401),
    "POST /people/<user_id>/block": Rule("/people/{group}/block", 404, 401),
    "POST /people/<user_id>/unblock": Rule("/people/{alice}/unblock", 303, 401),
    "POST /people/<user_id>/message": Rule("/people/{alice}/message", 303, 401),
    # groups
    "GET /groups/new": Rule("/groups/new", 200, 302),
    "POST /groups/new": Rule("/groups/new", 422, 401, {"name": "x", "member": ["{group}"]}),
    "POST /groups/new/people": Rule("/groups/new/people", 200, 401, {"member": ["{group}"]}),
    "GET /groups/<group_id>": Rule("/groups/{group}", 404, 302),
    "POST /groups/<group_id>": Rule("/groups/{group}", 404, 401, {"name": "Carol's"}, member=403),
    "GET /groups/<group_id>/add": Rule("/groups/{group}/add", 404, 302, member=403),
    "POST /groups/<group_id>/add": Rule(
        "/groups/{group}/add", 404, 401, {"member": ["{carol}"]}, member=403
    ),
    "POST /groups/<group_id>/add/people": Rule(
        "/groups/{group}/add/people", 404, 401, {"member": ["{carol}"]}, member=403
    ),
    "POST /groups/<group_id>/members/<user_id>/role": Rule(
        "/groups/{group}/members/{bob}/role", 404, 401, {"member_role": "owner"}, member=403
    ),
    "POST /groups/<group_id>/members/<user_id>/remove": Rule(
        "/groups/{group}/members/{alice}/remove", 404, 401, member=403
    ),
    "POST /groups/<group_id>/leave": Rule("/groups/{group}/leave", 404, 401),
    "POST /groups/<group_id>/delete": Rule(
        "/groups/{group}/delete", 404, 401, {"sure": "yes"}, member=403
    ),
    "POST /groups/<group_id>/links": Rule("/groups/{group}/links", 404, 401, member=403),
    "POST /groups/<group_id>/links/<link_id>/withdraw": Rule(
        "/groups/{group}/links/{link}/withdraw", 404, 401, member=403
    ),
    "GET /join/<token>": Rule("/join/{link}", 404, 404),  # a link's id is no token
    "POST /join/<token>": Rule("/join/{link}", 404, 401),
    # settings: everyone's are their own, no address names a person
    "GET /settings": Rule("/settings", 303, 302),
    "GET /settings/profile": Rule("/settings/profile", 200, 302),
    "POST /settings/profile": "changes the caller's own; takes no id",
    "GET /settings/privacy": Rule("/settings/privacy", 200, 302),
    "POST /settings/privacy": "changes the caller's own; takes no id",
    "GET /settings/account": Rule("/settings/account", 200, 302),
    "GET /settings/notifications": Rule("/settings/notifications", 200, 302),
    "POST /settings/notifications": "changes the caller's own; takes no id",
    "GET /settings/sessions": Rule("/settings/sessions", 200, 302),
    "POST /settings/sessions/end": "ends the caller's own; takes no id",
    "POST /settings/sessions/<sign_in_id>/end": Rule("/settings/sessions/{sign_in}/end", 404, 401),
    "POST /settings/account/password": "changes the caller's own; takes no id",
    "GET /settings/appearance": Rule("/settings/appearance", 200, 302),
    "POST /settings/appearance": "changes how things look to the caller; takes no id",
    "GET /settings/data": Rule("/settings/data", 200, 302),
    "GET /settings/data/download": Rule("/settings/data/download", 200, 302),
    "POST /settings/data/deactivate": "deactivates the caller's own account; takes no id",
    "POST /settings/data/delete": "deletes the caller's own account; takes no id",
    "POST /settings/profile/picture": "changes the caller's own; takes no id",
    "POST /settings/profile/picture/remove": "changes the caller's own; takes no id",
    "POST /settings/appearance/background": "changes the caller's own; takes no id",
    "POST /settings/appearance/background/remove": "changes the caller's own; takes no id",
    "POST /groups/<group_id>/picture": Rule("/groups/{group}/picture", 404, 401, member=403),
    "POST /groups/<group_id>/picture/remove": Rule(
        "/groups/{group}/picture/remove", 404, 401, member=403
    ),
    "GET /pictures/<picture_id>": Rule("/pictures/{picture}", 404, 302),
    "POST /api/pictures": "takes a file and no id; test_pictures has it",
    "GET /setup": Rule("/setup", 200, 200),
    "POST /setup": "takes the code that the first start printed: test_first_run's",
    "GET /admin": Rule("/admin", 403, 302),
    "GET /admin/invitations": Rule("/admin/invitations", 403, 302),
    "POST /admin/invitations": Rule("/admin/invitations", 403, 401),
    "POST /admin/invitations/<invitation_id>/revoke": Rule(
        f"/admin/invitations/{NOBODY}/revoke", 403, 401
    ),
    "GET /admin/people": Rule("/admin/people", 403, 302),
    "POST /admin/people/<user_id>": Rule("/admin/people/{alice}", 403, 401, {"is_active": "false"}),
    # the dialects: their own shapes, so their own tests
    "POST /auth/register": DIALECT,
    "POST /auth/login": DIALECT,
    "PUT /user/profile": DIALECT,
    "PUT /user/update-password": DIALECT,
    "POST /user/add-contact": DIALECT,
    "GET /user/<user_id>": DIALECT,
    "GET /user/dashboard": DIALECT,
    "POST /group/create": DIALECT,
    "POST /group/add-members": DIALECT,
    "POST /api/auth/signup": DIALECT,
    "POST /api/messages/send/<user_id>": DIALECT,
    # REST
    "POST /api/auth/register": "takes no id",
    "POST /api/auth/login": "takes no id",
    "POST /api/auth/logout": "ends the caller's own token; takes no id",
    "GET /api/auth/sessions": Rule("/api/auth/sessions", 200, 401),
    "DELETE /api/auth/sessions": "ends the caller's own; takes no id",
    "DELETE /api/auth/sessions/<sign_in_id>": Rule("/api/auth/sessions/{sign_in}", 404, 401),
    "PUT /api/users/me/email": "changes the caller's own; takes no id",
    "POST /settings/account/email": "changes the caller's own; takes no id",
    "PUT /api/users/me/password": "changes the caller's own; takes no id",
    "POST /api/service/users": Rule("/api/service/users", 401, 401, {"external_id": "{alice}"}),
    "POST /api/service/tokens": Rule("/api/service/tokens", 401, 401, {"user_id": "{alice}"}),
    "POST /api/auth/verify": "takes a token from a mail, which test_verification has",
    "POST /api/auth/verify/resend": Rule("/api/auth/verify/resend", 202, 401),
    "POST /api/auth/password/forgot": "takes an address; see POST /forgot",
    "POST /api/auth/password/reset": "takes a token from a mail, which test_password_reset has",
    "GET /api/users/me": Rule("/api/users/me", 200, 401),
    "PATCH /api/users/me": "changes the caller's own account; takes no id",
    "GET /api/users": Rule("/api/users", 200, 401, query={"limit": 200}),
    "PATCH /api/users/<user_id>": Rule("/api/users/{alice}", 403, 401, {"is_active": False}),
    "GET /api/invitations": Rule("/api/invitations", 403, 401),
    "POST /api/invitations": Rule("/api/invitations", 403, 401, {"uses": 5}),
    "DELETE /api/invitations/<invitation_id>": Rule(f"/api/invitations/{NOBODY}", 403, 401),
    "GET /api/users/<user_id>": Rule("/api/users/{alice}", 200, 401),
    "POST /api/users/me/deactivate": "deactivates the caller's own account; takes no id",
    "GET /api/users/me/data": Rule("/api/users/me/data", 200, 401),
    "DELETE /api/users/me": "deletes the caller's own account; takes no id",
    "POST /api/users/<user_id>/block": Rule("/api/users/{bob}/block", 204, 401),
    "DELETE /api/users/<user_id>/block": Rule("/api/users/{bob}/block", 204, 401),
    "GET /api/blocks": Rule("/api/blocks", 200, 401),
    "GET /api/contacts": Rule("/api/contacts", 200, 401),
    "POST /api/contacts": Rule("/api/contacts", 422, 401, {"user_id": "{group}"}),
    "DELETE /api/contacts/<user_id>": Rule("/api/contacts/{alice}", 204, 401),
    "GET /api/groups": Rule("/api/groups", 200, 401),
    "POST /api/groups": Rule("/api/groups", 422, 401, {"name": "x", "members": ["{group}"]}),
    "GET /api/groups/<group_id>": Rule("/api/groups/{group}", 404, 401),
    "PATCH /api/groups/<group_id>": Rule(
        "/api/groups/{group}", 404, 401, {"name": "Carol's"}, member=403
    ),
    "DELETE /api/groups/<group_id>": Rule("/api/groups/{group}", 404, 401, member=403),
    "POST /api/groups/<group_id>/members": Rule(
        "/api/groups/{group}/members", 404, 401, {"user_ids": ["{carol}"]}, member=403
    ),
    "PATCH /api/groups/<group_id>/members/<user_id>": Rule(
        "/api/groups/{group}/members/{bob}", 404, 401, {"member_role": "owner"}, member=403
    ),
    "DELETE /api/groups/<group_id>/members/<user_id>": Rule(
        "/api/groups/{group}/members/{alice}", 404, 401, member=403
    ),
    "GET /api/groups/<group_id>/links": Rule("/api/groups/{group}/links", 404, 401, member=403),
    "POST /api/groups/<group_id>/links": Rule(
        "/api/groups/{group}/links", 404, 401, {"uses": 1}, member=403
    ),
    "DELETE /api/groups/<group_id>/links/<link_id>": Rule(
        "/api/groups/{group}/links/{link}", 404, 401, member=403
    ),
    "POST /api/groups/join": Rule("/api/groups/join", 404, 401, {"token": "{link}"}),
    "GET /api/messages/<message_id>": Rule("/api/messages/{message}", 404, 401),
    "PATCH /api/messages/<message_id>": Rule("/api/messages/{message}", 404, 401, TEXT, member=403),
    "DELETE /api/messages/<message_id>": Rule("/api/messages/{message}", 404, 401, member=403),
    "PUT /api/messages/<message_id>/reactions/<emoji>": Rule(
        "/api/messages/{message}/reactions/👍", 404, 401
    ),
    "DELETE /api/messages/<message_id>/reactions/<emoji>": Rule(
        "/api/messages/{message}/reactions/👍", 404, 401
    ),
    "GET /api/chat": Rule("/api/chat", 200, 401),
    "POST /api/chat": Rule("/api/chat", 422, 401, {"participant_ids": ["{conversation}"]}),
    "GET /api/chat/<conversation_id>": Rule("/api/chat/{conversation}", 404, 401),
    "GET /api/chat/<conversation_id>/members": Rule(
        "/api/chat/{conversation}/members", 404, 401, query={"q": "ali"}
    ),
    "GET /api/chat/<conversation_id>/messages": Rule(
        "/api/chat/{conversation}/messages", 404, 401, query={"around": 1}
    ),
    "GET /api/chat/<conversation_id>/changes": Rule(
        "/api/chat/{conversation}/changes", 404, 401, query={"after_version": 0}
    ),
    "POST /api/chat/<conversation_id>/messages": Rule(
        "/api/chat/{conversation}/messages", 404, 401, {"content": "from Carol"}
    ),
    "POST /api/chat/<conversation_id>/read": Rule(
        "/api/chat/{conversation}/read", 404, 401, {"seq": 1}
    ),
    "PATCH /api/chat/<conversation_id>/preferences": Rule(
        "/api/chat/{conversation}/preferences", 404, 401, {"archived": True}
    ),
    # of the process
    "GET /health": Rule("/health", 200, 200),
}

# What each event answers to Carol, as (payload, error code or "ok").
EVENTS: dict[str, tuple[dict[str, Any], str]] = {
    "message:send": ({"conversation_id": "{conversation}", "content": "from Carol"}, "not_found"),
    "message:edit": ({"message_id": "{message}", "content": "from Carol"}, "not_found"),
    "message:delete": ({"message_id": "{message}"}, "not_found"),
    "reaction:add": ({"message_id": "{message}", "emoji": "👍"}, "not_found"),
    "reaction:remove": ({"message_id": "{message}", "emoji": "👍"}, "not_found"),
    "typing:start": ({"conversation_id": "{conversation}"}, "not_found"),
    "typing:stop": ({"conversation_id": "{conversation}"}, "not_found"),
    "message:read": ({"conversation_id": "{conversation}", "seq": 1}, "not_found"),
    "conversation:join": ({"conversation_id": "{conversation}", "after_version": 0}, "not_found"),
    "conversation:leave": ({"conversation_id": "{conversation}"}, "not_found"),
    "conversation:create": ({"participant_ids": ["{alice}"]}, "ok"),
    "sync": ({"versions": {"{conversation}": 0}}, "ok"),
}
