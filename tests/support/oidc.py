"""Steps of signing in through an OpenID provider, in this process."""

from __future__ import annotations

from urllib.parse import urlsplit

from sqlalchemy import func, select

from chatapp.core.db import db
from chatapp.models import LinkedAccount, User


def come_back(client, provider, start="/auth/google"):
    """Where the provider sends the browser back to, as a path of this site."""
    away = client.get(start)
    assert away.status_code == 303, away.text
    back = urlsplit(provider.agree(away.headers["Location"]))
    assert back.path == "/auth/google/callback"
    return f"{back.path}?{back.query}"


def sign_in(client, provider, start="/auth/google"):
    return client.get(come_back(client, provider, start))


def everyone(app):
    with app.app_context():
        return db.session.scalars(select(User)).all()


def links(app):
    with app.app_context():
        return db.session.scalar(select(func.count()).select_from(LinkedAccount))


def signed_in(client):
    return client.get("/chats").status_code == 200
