"""Command-line tools for operators: `flask --app wsgi …`."""

from __future__ import annotations

import os

import click
from flask import Flask, current_app
from flask.cli import with_appcontext

from chatapp.auth.admin.commands import user_group
from chatapp.auth.service_accounts.commands import token_group
from chatapp.ops.database_check import prepare_database
from chatapp.ops.errors import NotReady


def init_app(app: Flask) -> None:
    """Add chatapp's commands to Flask's own."""
    for group in (token_group, user_group):
        group.callback = _migrate_first
        app.cli.add_command(group)


@with_appcontext
def _migrate_first() -> None:
    """Create or migrate the database before a command runs, as a start does."""
    before = os.umask(0o077)  # a database file created here is for its owner alone
    try:
        prepare_database(current_app.config["SETTINGS"])
    except NotReady as exc:
        raise click.ClickException(str(exc)) from None
    finally:
        os.umask(before)
