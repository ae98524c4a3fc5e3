"""`flask --app wsgi user …`: accounts from the server's command line."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from typing import Any

import click
from flask.cli import AppGroup
from pydantic import BaseModel, ValidationError

from chatapp.auth import service
from chatapp.auth.admin import accounts, invitations
from chatapp.auth.schemas import DAY, NewInvitation, Password, Registration
from chatapp.core.clock import iso
from chatapp.core.errors import ChatError, describe
from chatapp.security import audit
from chatapp.security.password_hashing import hash_password

user_group = AppGroup("user", help="People's accounts. NAME is a username or an e-mail address.")


class _NewPassword(BaseModel):
    password: Password


def _told(command: Callable[..., None]) -> Callable[..., None]:
    """What goes wrong is said in a sentence, and the command fails."""

    @wraps(command)
    def run(*args: Any, **kwargs: Any) -> None:
        try:
            command(*args, **kwargs)
        except (ChatError, ValidationError) as exc:
            error = describe(exc)
            words = [f"{name}: {text}" for name, text in error.fields.items()] or [error.message]
            raise click.ClickException("\n".join(words)) from None

    return run


@user_group.command("create")
@click.argument("email")
@click.option("--username", help="By default made from the address.")
@click.option("--name", help="What others see. By default the username.")
@click.option("--staff", is_flag=True, help="Make an administrator.")
@_told
def create_command(email: str, username: str | None, name: str | None, staff: bool) -> None:
    """Make an account for EMAIL, whatever REGISTRATION says.

    The password is asked for, or read from standard input where that isn't a terminal.
    """
    new = Registration(email=email, username=username, name=name, password=_password())
    user = service.create_account(
        service.NewAccount(
            email=new.email,
            username=new.username,
            name=new.name,
            password_hash=hash_password(new.password),
            email_verified=True,  # whoever runs the server says whose it is
        )
    )
    audit.note("account made", user_id=user.id, by="command line")
    if staff:
        accounts.set_administrator(user.id, True)
    click.echo(f"{user.username} can log in now{', as an administrator' if staff else ''}.")


@user_group.command("password")
@click.argument("name")
@_told
def password_command(name: str) -> None:
    """Give NAME a new password; signs them out everywhere and ends any lock."""

    def change(user_id: str) -> None:
        accounts.set_password(user_id, _NewPassword(password=_password()).password)

    _do(change, name, "has a new password and is signed out everywhere")


@user_group.command("staff")
@click.argument("name")
@click.option("--remove", is_flag=True, help="Take it back.")
@_told
def staff_command(name: str, remove: bool) -> None:
    """Make NAME an administrator."""
    words = "is no administrator any more" if remove else "is an administrator now"
    _do(lambda user_id: accounts.set_administrator(user_id, not remove), name, words)


@user_group.command("deactivate")
@click.argument("name")
@_told
def deactivate_command(name: str) -> None:
    """Sign NAME out everywhere and let nobody in; what they wrote stays."""
    _do(accounts.deactivate, name, "is deactivated and signed out everywhere")


@user_group.command("activate")
@click.argument("name")
@_told
def activate_command(name: str) -> None:
    """Let NAME in again."""
    _do(accounts.activate, name, "can log in again")


@user_group.command("list")
@_told
def list_command() -> None:
    """Name every account: username, address, what is special, when they last logged in."""
    for user in accounts.everyone():
        marks = [
            word
            for word, is_so in (
                ("administrator", user.is_staff),
                ("deactivated", not user.is_active),
            )
            if is_so
        ]
        last = f"logged in {iso(user.last_login)}" if user.last_login else "never logged in"
        click.echo("\t".join([user.username, user.email or "-", ",".join(marks) or "-", last]))


@user_group.command("invite")
@click.option("--uses", default=1, help="How many people may register by it; 1.")
@click.option("--days", default=7, help="How long it works; 7.")
@click.option("--email", help="For this address only.")
@_told
def invite_command(uses: int, days: int, email: str | None) -> None:
    """Print a link that lets people register."""
    new = NewInvitation(uses=uses, expires_in=days * DAY, email=email)
    click.echo(invitations.invite(None, new).link)


def _do(act: Callable[[str], None], name: str, words: str) -> None:
    """This happens to the account of this name, and is said."""
    act(accounts.find(name).id)
    click.echo(f"{name} {words}.")


def _password() -> str:
    if sys.stdin.isatty():
        typed: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
        return typed
    return sys.stdin.readline().rstrip("\r\n")
