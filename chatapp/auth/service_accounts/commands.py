"""`flask --app wsgi token …`: service tokens are made by whoever has the server's command line."""

from __future__ import annotations

import click
from flask.cli import AppGroup

from chatapp.auth.service_accounts import tokens
from chatapp.core.clock import iso
from chatapp.core.errors import ChatError
from chatapp.security.scopes import SCOPES

token_group = AppGroup("token", help="Service tokens, for applications that act for people.")


@token_group.command("create")
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    required=True,
    multiple=True,
    help=f"What it may do, separated by commas: {', '.join(SCOPES)}.",
)
def create_command(name: str, scopes: tuple[str, ...]) -> None:
    """Make a token called NAME and print it, this once."""
    wanted = {one.strip() for several in scopes for one in several.split(",") if one.strip()}
    try:
        token = tokens.create(name, wanted)
    except ChatError as exc:
        raise click.ClickException(exc.message) from None
    click.echo("Keep this token safe: only its hash is stored, it can't be shown again.", err=True)
    click.echo(token)


@token_group.command("list")
def list_command() -> None:
    """Name every token with its scopes, its last use, and whether it counts."""
    found = tokens.listing()
    if not found:
        click.echo(
            "There is none. Make one: flask --app wsgi token create NAME --scope users:write"
        )
    for one in found:
        used = f"used {iso(one.last_used_at)}" if one.last_used_at else "never used"
        state = f"revoked {iso(one.revoked_at)}" if one.revoked_at else used
        scopes = one.scopes.replace(" ", ",")
        click.echo(f"{one.name}\t{scopes}\tmade {iso(one.created_at)}\t{state}")


@token_group.command("revoke")
@click.argument("name")
def revoke_command(name: str) -> None:
    """End the token called NAME, and every user's token that it issued, at once."""
    try:
        tokens.revoke(name)
    except ChatError as exc:
        raise click.ClickException(exc.message) from None
    click.echo(f"{name} counts no more, nor do the tokens that it issued.")
