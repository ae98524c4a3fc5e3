"""`flask --app wsgi …`: what whoever runs the server does from its command line."""

from __future__ import annotations

import os

import click
from flask import Flask, current_app
from flask.cli import with_appcontext

from chatapp.auth.admin.commands import user_group
from chatapp.auth.service_accounts.commands import token_group
from chatapp.ops.preflight import NotReady, prepare_database


def init_app(app: Flask) -> None:
    """Add chatapp's commands to Flask's own."""
    for group in (token_group, user_group):
        group.callback = _prepare
        app.cli.add_command(group)


@with_appcontext
def _prepare() -> None:
    """The database is there and of this version, as when chatapp starts."""
    before = os.umask(0o077)  # a database file that is made is for its owner alone
    try:
        prepare_database(current_app.config["SETTINGS"])
    except NotReady as exc:
        raise click.ClickException(str(exc)) from None
    finally:
        os.umask(before)
