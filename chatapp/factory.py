"""Builds the application: its parts, what runs around each request, its middleware."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from flask import Flask, Response, g, request
from flask.json.provider import DefaultJSONProvider

from chatapp import auth, chat, dialects, group, media, user
from chatapp.auth.presenters import account_json
from chatapp.auth.signin.browser_session import rotate_session_id_on_role_change
from chatapp.conversation.person_presenters import picture_path
from chatapp.core import event_bus, logs, presence
from chatapp.extensions import db, migrate
from chatapp.jobs import runner
from chatapp.media import download_queue, file_store
from chatapp.models import User
from chatapp.ops import cli, health
from chatapp.realtime import hub
from chatapp.security import (
    attempt_counters,
    identity,
    password_guesses,
    rate_limits,
    verified_email,
)
from chatapp.security.client_address import trust_proxies
from chatapp.security.session_stores import store_for
from chatapp.security.sessions import Sessions
from chatapp.transport.admission import Admission
from chatapp.web import (
    csrf,
    enforcement,
    error_handlers,
    security_headers,
    static_files,
    template_helpers,
    themes,
)
from chatapp.web.allowed_hosts import AllowedHosts
from chatapp.web.cookie_guard import CookieGuard
from chatapp.web.cors import CrossOrigin
from chatapp.web.page_gate import PageGate
from chatapp.web.request_bodies import BODY_LIMIT, RequestBodies
from chatapp.web.security_headers import SecureHeaders
from chatapp.web.themes import ThemedEnvironment
from config import TOP, Settings

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


class _Json(DefaultJSONProvider):
    """JSON with keys in the order of the contract, and text not escaped."""

    sort_keys = False
    ensure_ascii = False


#: The slices; the dialects add their blueprints after these.
_BLUEPRINTS = (auth.bp, media.bp, user.bp, group.bp, chat.bp)


def build(settings: Settings | None = None) -> Flask:
    """Build the application for these settings."""
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
    runner.init_app(app)
    file_store.init_app(app, settings)
    download_queue.init_app(app)
    app.session_interface = Sessions(app, store_for(settings))
    rate_limits.init_app(app, on=settings.rate_limits)
    attempt_counters.init_app(app)
    password_guesses.init_app(app)
    identity.init_app(app)
    error_handlers.init_app(app)
    _add_template_values(app)
    _add_request_hooks(app)
    for blueprint in _BLUEPRINTS:
        app.register_blueprint(blueprint)
    cli.init_app(app)
    health.init_app(app)
    live = hub.init_app(app, settings)
    dialects.init_app(app, settings)
    _add_middleware(app, settings, live.admission)
    return app


def _add_template_values(app: Flask) -> None:
    template_helpers.init_app(app)
    themes.init_app(app)
    csrf.init_app(app)
    app.context_processor(_viewer)


def _add_request_hooks(app: Flask) -> None:
    """Add what runs before and after every view, in this order."""
    for before in (_name_request, enforcement.check_request):
        app.before_request(before)
    after = (
        rotate_session_id_on_role_change,
        security_headers.restrict_page,
        csrf.set_visitor_cookie,
        identity.note_use,
        _tell_request_id,
    )
    for function in reversed(after):  # Flask runs the last one first
        app.after_request(function)


def _add_middleware(app: Flask, settings: Settings, admission: Admission) -> None:
    """Wrap the app in its middleware. A request passes the last of them first."""
    wrappers: tuple[Callable[[Any], Any], ...] = (
        lambda inner: PageGate(inner, settings, app.extensions["rate_limiter"]),
        static_files.files().middleware,
        RequestBodies,
        lambda inner: CookieGuard(inner, settings),
        admission.middleware,
        lambda inner: CrossOrigin(inner, settings),
        lambda inner: AllowedHosts(inner, settings),
        lambda inner: SecureHeaders(inner, settings),
        lambda inner: trust_proxies(inner, settings.trusted_proxies),
    )
    for wrap in wrappers:
        app.wsgi_app = wrap(app.wsgi_app)  # type: ignore[method-assign]


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
    """Give templates `me`, the account that is signed in or None, and `must_verify`.

    `must_verify`: whether this person may only read until their address is confirmed.
    """
    if "me" not in g:
        user = identity.signed_in()
        g.me = user and {**account_json(user), "background_url": _background_url(user)}
        g.must_verify = user is not None and verified_email.must_verify(user)
    return {"me": g.me, "must_verify": g.get("must_verify", False)}


def _background_url(user: User) -> str | None:
    """Return the address of this person's background picture; it is safe in a style."""
    return picture_path(user.background_id) if user.background_id else None


def _name_request() -> None:
    given = request.headers.get("X-Request-ID", "")
    logs.request_id.set(given if _REQUEST_ID.fullmatch(given) else uuid4().hex)


def _tell_request_id(response: Response) -> Response:
    response.headers.set("X-Request-ID", logs.request_id.get())
    return response
