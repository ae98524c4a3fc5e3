"""`flask --app wsgi token …`: manage service tokens from the server's command line."""

from __future__ import annotations

import click
from flask.cli import AppGroup

from chatapp.auth.service_accounts import tokens
from chatapp.core.clock import iso
from chatapp.core.errors import ChatError
from chatapp.security.scopes import SCOPES

token_group = AppGroup(
    "token", help="Manage service tokens, for applications that act on behalf of users."
)


@token_group.command("create")
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    required=True,
    multiple=True,
    help=f"What the token allows, separated by commas: {', '.join(SCOPES)}.",
)
def create_command(name: str, scopes: tuple[str, ...]) -> None:
    """Create a token called NAME and print it. It can't be shown again."""
    names = {name.strip() for option in scopes for name in option.split(",")} - {""}
    try:
        token = tokens.create_service_token(name, names)
    except ChatError as exc:
        raise click.ClickException(exc.message) from None
    click.echo("Keep this token safe: it can't be shown again, only its hash is stored.", err=True)
    click.echo(token)


@token_group.command("list")
def list_command() -> None:
    """List all tokens with their scopes, last use and state."""
    found = tokens.list_service_tokens()
    if not found:
        click.echo(
            "No service tokens yet. Create one: "
            "flask --app wsgi token create NAME --scope users:write"
        )
    for token in found:
        used = f"used {iso(token.last_used_at)}" if token.last_used_at else "never used"
        state = f"revoked {iso(token.revoked_at)}" if token.revoked_at else used
        scopes = token.scopes.replace(" ", ",")
        click.echo(f"{token.name}\t{scopes}\tmade {iso(token.created_at)}\t{state}")


@token_group.command("revoke")
@click.argument("name")
def revoke_command(name: str) -> None:
    """Revoke the token called NAME and all user tokens that it issued."""
    try:
        tokens.revoke_service_token(name)
    except ChatError as exc:
        raise click.ClickException(exc.message) from None
    click.echo(f"{name} is revoked, and so are the tokens that it issued.")
