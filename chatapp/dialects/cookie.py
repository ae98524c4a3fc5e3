"""Cookie: a token in a cookie, one-to-one conversations only, and a list of who is online."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from flask import Blueprint, Response, current_app, jsonify, request
from pydantic import BaseModel, ValidationInfo, field_validator
from werkzeug.exceptions import HTTPException

from chatapp.auth import service as accounts
from chatapp.auth import sign_ins
from chatapp.auth.api import issue_login_token
from chatapp.auth.authentication import authenticate
from chatapp.auth.fields import Email, EmailOrUsername, EnteredPassword, Password, Username
from chatapp.auth.schemas import Credentials, UsernameRegistration
from chatapp.auth.sign_in_presenters import login_json
from chatapp.auth.sign_ins import IssuedToken
from chatapp.chat import queries, service
from chatapp.chat.schemas import MessageBody
from chatapp.conversation.person_presenters import person_json
from chatapp.core.events import ClientEvent, caused_by
from chatapp.core.paging import MAX_PAGE_SIZE, all_items
from chatapp.core.validation import BlankIsNone, MessageText, Name, Uuid, clean
from chatapp.dialects import roster
from chatapp.dialects.rest import Rest
from chatapp.dialects.shapes import error_code_and_fields, renamed_fields, url_or_text
from chatapp.realtime.dialect import Dialect, Rendered
from chatapp.realtime.rooms import credential_room
from chatapp.security.identity import (
    TOKEN_COOKIE,
    by_cookie_token,
    caller,
    client,
    credential_id,
    current_sign_in,
)
from chatapp.security.request_source import request_source
from chatapp.security.view_policy import policy, request_policy
from chatapp.user import queries as people
from chatapp.user.schemas import DirectoryQuery
from chatapp.web.request_input import read_json, read_query
from config import Settings

#: Messages in a history.
HISTORY_SIZE = 200
_NO_ADDRESS = (
    "This account has no email address, so a forgotten password can't be reset by mail. "
    "Add one in the settings."
)

bp = Blueprint("cookie", __name__)


class SignUp(BaseModel):
    """A new account."""

    fullName: Name  # noqa: N815
    username: Username
    password: Password
    confirmPassword: str  # noqa: N815
    email: Annotated[Email | None, BlankIsNone] = None
    invitation: str | None = None

    @field_validator("confirmPassword")
    @classmethod
    def _typed_twice(cls, text: str, given: ValidationInfo) -> str:
        if "password" in given.data and clean(text) != given.data["password"]:
            raise ValueError("The two passwords aren't the same")
        return text

    def registration(self) -> UsernameRegistration:
        """The same under colon's names."""
        return UsernameRegistration(
            name=self.fullName,
            username=self.username,
            password=self.password,
            email=self.email,
            invitation=self.invitation,
        )


class LogIn(BaseModel):
    """A username where colon has an address or a username."""

    username: EmailOrUsername
    password: EnteredPassword


class Send(BaseModel):
    """A message to a person."""

    message: MessageText


class HistoryQuery(BaseModel):
    """The part of a history to return: what is older than this message."""

    before: Uuid | None = None


def user(person: Mapping[str, Any]) -> dict[str, Any]:
    """Shape a person."""
    return {
        "_id": person["id"],
        "fullName": person["name"],
        "username": person["username"],
        "profilePic": person["profile_picture"] or "",
    }


def message(payload: Any, receiver_id: str) -> dict[str, Any]:
    """Shape a message."""
    return {
        "_id": payload["id"],
        "senderId": payload["sender_id"],
        "receiverId": receiver_id,
        "message": url_or_text(payload),
        "createdAt": payload["created_at"],
        "updatedAt": payload["updated_at"],
    }


def _render_message(event: ClientEvent) -> Rendered | None:
    """Render a message between two people; None in a group: this dialect has no groups."""
    if event.facts["group_id"] is not None:
        return None
    return "newMessage", message(event.payload, event.facts["receiver_id"])


DIALECT = Dialect(
    "cookie",
    renderers={"message:received": _render_message},
    failed=error_code_and_fields,
    refusal=lambda error: ("error", error_code_and_fields(error)),
    echoes=False,
    on_presence_change=roster.changed,
)


@bp.post("/api/auth/signup")
@policy(public=True)
def sign_up() -> Any:
    """Register: 201 with the account, and the cookie."""
    new = read_json(SignUp)
    who = accounts.register(new.registration(), request_source())
    answer = user(person_json(who))
    if who.email is None:
        answer["notice"] = _NO_ADDRESS
    return _with_cookie(jsonify(answer), sign_ins.issue_token(who.id, client())), 201


def log_in() -> Any:
    """Log in: colon's answer and the account in this dialect, and the cookie."""
    given = read_json(LogIn)
    credentials = Credentials(email=given.username, password=given.password)
    who, issued = authenticate(credentials, request_source(), issue_login_token)
    answer = jsonify({**login_json(who, issued), **user(person_json(who))})
    return _with_cookie(answer, issued)


def log_out() -> Any:
    """Log out: 200; the cookie is deleted, its token and connections end."""
    sign_in = current_sign_in()
    sign_ins.end_sign_in(sign_in.user_id, sign_in.id)
    answer = jsonify({"message": "Logged out successfully"})
    answer.delete_cookie(TOKEN_COOKIE, httponly=True, samesite="Strict", secure=_secure())
    return answer


def sidebar() -> Any:
    """Return all people that the caller may see, as a plain array."""
    me = caller().id
    everybody = all_items(
        lambda cursor: people.list_directory(me, DirectoryQuery(limit=MAX_PAGE_SIZE, cursor=cursor))
    )
    return jsonify([user(person) for person in everybody])


def history(message_id: UUID) -> Any:
    """Return the conversation with this person, as a plain array, oldest first."""
    me, other = caller().id, str(message_id)  # colon's name for this place of the address
    before = read_query(HistoryQuery).before
    written = queries.messages_between(me, other, before, HISTORY_SIZE)
    return jsonify([message(one, other if one["sender_id"] == me else me) for one in written])


@bp.post("/api/messages/send/<uuid:user_id>")
@policy(scope="chat:write", limit="messages")
def send(user_id: UUID) -> Any:
    """Send: 201 with the stored message, which this sign-in's own connections aren't sent."""
    new = MessageBody(content=read_json(Send).message)
    me = caller().id
    own = credential_id()
    with caused_by(own and credential_room(own)), renamed_fields(participant_ids="_id"):
        stored = service.send_to_person(me, str(user_id), new)
    return message(stored.message, str(user_id)), 201


def _matches() -> bool:
    """Tell this dialect's requests by the cookie; logging in, by the fields that are sent."""
    if not request_policy().public:
        return by_cookie_token()
    if request.endpoint != "auth.log_in" or request.args.get("dialect") == "colon":
        return False
    try:
        body = request.get_json(silent=True) if request.is_json else None
    except (HTTPException, RecursionError):  # larger or nested deeper than is read
        return False
    return isinstance(body, dict) and "username" in body and "email" not in body


REST = Rest(
    "cookie",
    blueprint=bp,
    paths=("/api/auth/signup", "/api/messages/send/"),
    matches=_matches,
    overrides={
        "auth.log_in": log_in,
        "auth.log_out": log_out,
        "user.people": sidebar,
        "chat.message": history,
    },
    failed=error_code_and_fields,
)


def _secure() -> bool:
    settings: Settings = current_app.config["SETTINGS"]
    return settings.secure


def _with_cookie(answer: Response, issued: IssuedToken) -> Response:
    answer.set_cookie(
        TOKEN_COOKIE,
        issued.token,
        expires=issued.expires_at,
        httponly=True,
        samesite="Strict",
        secure=_secure(),
    )
    return answer
