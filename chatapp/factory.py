"""Puts the application together."""

from __future__ import annotations

import re
from typing import Any
from uuid import uuid4

from flask import Flask, Response, g, request
from flask.json.provider import DefaultJSONProvider

from chatapp import auth, chat, dialects, group, media, user
from chatapp.auth.presenters import account_json
from chatapp.conversation.person_presenters import picture_path
from chatapp.core import event_bus, logs, presence
from chatapp.extensions import db, migrate
from chatapp.media import file_store
from chatapp.models import User
from chatapp.ops import cli, health
from chatapp.realtime import hub
from chatapp.security import client_address, identity, verified_email
from chatapp.security.session_stores import store_for
from chatapp.security.sessions import Sessions
from chatapp.web import (
    csrf,
    enforcement,
    error_handlers,
    security_headers,
    template_helpers,
    themes,
)
from chatapp.web.allowed_hosts import KnownHosts
from chatapp.web.cors import CookieGuard, CrossOrigin
from chatapp.web.security_headers import SecureHeaders
from chatapp.web.themes import ThemedEnvironment
from config import TOP, Settings

#: Bytes of a request's body where no upload is expected.
BODY_LIMIT = 256 * 1024

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


class _Json(DefaultJSONProvider):
    """Keys in the order of the contract, text as it is."""

    sort_keys = False
    ensure_ascii = False


def build(settings: Settings | None = None) -> Flask:
    """The application bound to ``settings``."""
    settings = settings or Settings.load()
    app = Flask("chatapp", static_folder=None, template_folder=str(TOP / "templates"))
    app.json = _Json(app)
    app.jinja_environment = ThemedEnvironment
    app.config.from_mapping(_flask_config(settings))
    logs.configure(settings)

    db.init_app(app)
    event_bus.init_app(app)
    presence.init_app(app)
    migrate.init_app(app, db, directory=str(TOP / "migrations"), compare_type=True)
    file_store.init_app(app, settings)
    app.session_interface = Sessions(app, store_for(settings))

    app.before_request(_name_request)
    app.after_request(_tell_request_id)
    error_handlers.init_app(app)
    identity.init_app(app)
    csrf.init_app(app)
    enforcement.init_app(app)
    security_headers.init_app(app)
    template_helpers.init_app(app)
    themes.init_app(app)
    app.context_processor(_viewer)
    for slice_ in (auth, media, user, group, chat):
        app.register_blueprint(slice_.bp)
    cli.init_app(app)
    health.init_app(app)
    live = hub.init_app(app, settings)
    dialects.init_app(app, settings)
    admitted = live.admission.middleware(CookieGuard(app.wsgi_app, settings))
    answering = KnownHosts(CrossOrigin(admitted, settings), settings)
    app.wsgi_app = SecureHeaders(answering, settings)  # type: ignore[method-assign]
    client_address.init_app(app, settings.trusted_proxies)
    return app


def _flask_config(settings: Settings) -> dict[str, Any]:
    return {
        "SETTINGS": settings,
        "SECRET_KEY": settings.secret_key,
        "MAX_CONTENT_LENGTH": BODY_LIMIT,
        "MAX_FORM_MEMORY_SIZE": BODY_LIMIT,
        "SQLALCHEMY_DATABASE_URI": settings.database_url,
        "SQLALCHEMY_ENGINE_OPTIONS": _engine_options(settings),
        "PERMANENT_SESSION_LIFETIME": settings.session_lifetime,
        "SESSION_REFRESH_EACH_REQUEST": False,
        "SESSION_COOKIE_NAME": settings.session_cookie,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_SECURE": settings.secure,
        "SESSION_PERMANENT": True,
    }


def _engine_options(settings: Settings) -> dict[str, Any]:
    pool = {
        "pool_size": settings.db_pool_size,
        "max_overflow": settings.db_max_overflow,
        "pool_timeout": settings.db_pool_timeout,
    }
    if not settings.database_url.startswith("postgresql"):
        return pool
    milliseconds = int(settings.db_statement_timeout * 1000)
    options: dict[str, int | str] = {
        "statement_timeout": milliseconds,
        "lock_timeout": min(milliseconds, 5000) or 5000,
        "idle_in_transaction_session_timeout": 60_000,
    }
    if settings.db_schema:
        options["search_path"] = f'"{settings.db_schema}"'  # quoted: its case counts
    return {
        **pool,
        "pool_pre_ping": True,
        "connect_args": {
            "options": " ".join(f"-c {name}={value}" for name, value in options.items()),
            "keepalives_idle": 30,
            "tcp_user_timeout": 30_000,
        },
    }


def _viewer() -> dict[str, Any]:
    """`me`: the account of whoever looks at the page, None where nobody is signed in.

    `must_verify`: whether they may only read until their address is confirmed.
    """
    if "me" not in g:
        user = identity.signed_in()
        g.me = user and {**account_json(user), "background_url": _background_url(user)}
        g.must_verify = user is not None and verified_email.must_verify(user)
    return {"me": g.me, "must_verify": g.get("must_verify", False)}


def _background_url(user: User) -> str | None:
    """Where the picture behind this person's conversations is; it may stand in a style."""
    return picture_path(user.background_id) if user.background_id else None


def _name_request() -> None:
    given = request.headers.get("X-Request-ID", "")
    logs.request_id.set(given if _REQUEST_ID.fullmatch(given) else uuid4().hex)


def _tell_request_id(response: Response) -> Response:
    response.headers.set("X-Request-ID", logs.request_id.get())
    return response
