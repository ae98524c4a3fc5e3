"""`flask --app wsgi user …`: manage accounts from the server's command line."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from typing import Any

import click
from flask.cli import AppGroup
from pydantic import BaseModel, ValidationError

from chatapp.auth import invitations, service
from chatapp.auth.admin import accounts
from chatapp.auth.fields import Password
from chatapp.auth.schemas import DAY_SECONDS, NewInvitation, Registration
from chatapp.core.clock import iso
from chatapp.core.errors import ChatError, describe
from chatapp.models import User
from chatapp.security import audit
from chatapp.security.password_hashing import hash_password

user_group = AppGroup("user", help="Manage accounts. NAME is a username or an email address.")


class _NewPassword(BaseModel):
    password: Password


def _report_errors(command: Callable[..., None]) -> Callable[..., None]:
    """Print an expected error as a message and exit with a failure."""

    @wraps(command)
    def run(*args: Any, **kwargs: Any) -> None:
        try:
            command(*args, **kwargs)
        except (ChatError, ValidationError) as exc:
            error = describe(exc)
            messages = [f"{name}: {text}" for name, text in error.fields.items()]
            raise click.ClickException("\n".join(messages or [error.message])) from None

    return run


@user_group.command("create")
@click.argument("email")
@click.option("--username", help="Derived from the email address by default.")
@click.option("--name", help="The display name. Derived from the email address by default.")
@click.option("--staff", is_flag=True, help="Make the account an administrator.")
@_report_errors
def create_command(email: str, username: str | None, name: str | None, staff: bool) -> None:
    """Create an account for EMAIL, whatever REGISTRATION says.

    Asks for the password, or reads it from standard input if that isn't a terminal.
    """
    new = Registration(email=email, username=username, name=name, password=_read_password())
    user = service.create_account(
        service.NewAccount(
            email=new.email,
            username=new.username,
            name=new.name,
            password_hash=hash_password(new.password),
            email_verified=True,  # the server's operator vouches for it
        )
    )
    audit.note("account made", user_id=user.id, by="command line")
    if staff:
        accounts.set_administrator(user.id, True)
    click.echo(f"{user.username} can log in now{', as an administrator' if staff else ''}.")


@user_group.command("password")
@click.argument("name")
@_report_errors
def password_command(name: str) -> None:
    """Set a new password for NAME, end all sign-ins and lift any pause.

    Asks for the password, or reads it from standard input if that isn't a terminal.
    """
    user_id = accounts.find_account(name).id
    accounts.set_password(user_id, _NewPassword(password=_read_password()).password)
    click.echo(f"{name} has a new password and is signed out everywhere.")


@user_group.command("staff")
@click.argument("name")
@click.option("--remove", is_flag=True, help="Take the role away again.")
@_report_errors
def staff_command(name: str, remove: bool) -> None:
    """Make NAME an administrator."""
    accounts.set_administrator(accounts.find_account(name).id, not remove)
    click.echo(f"{name} is {'no longer' if remove else 'now'} an administrator.")


@user_group.command("deactivate")
@click.argument("name")
@_report_errors
def deactivate_command(name: str) -> None:
    """Sign NAME out everywhere and block new logins. Their messages stay."""
    accounts.deactivate(accounts.find_account(name).id)
    click.echo(f"{name} is deactivated and signed out everywhere.")


@user_group.command("activate")
@click.argument("name")
@_report_errors
def activate_command(name: str) -> None:
    """Let NAME log in again."""
    accounts.activate(accounts.find_account(name).id)
    click.echo(f"{name} can log in again.")


@user_group.command("list")
@_report_errors
def list_command() -> None:
    """List all accounts: username, email, role and state, last login."""
    for user in accounts.all_accounts():
        last = f"logged in {iso(user.last_login)}" if user.last_login else "never logged in"
        click.echo("\t".join([user.username, user.email or "-", _role_and_state(user), last]))


@user_group.command("invite")
@click.option("--uses", default=1, show_default=True, help="How many people may register with it.")
@click.option("--days", default=7, show_default=True, help="How many days it is valid.")
@click.option("--email", help="Only this email address may register with it.")
@_report_errors
def invite_command(uses: int, days: int, email: str | None) -> None:
    """Print a link that lets people register."""
    new = NewInvitation(uses=uses, expires_in=days * DAY_SECONDS, email=email)
    click.echo(invitations.create_invitation(None, new).link)


def _role_and_state(user: User) -> str:
    marks = {"administrator": user.is_staff, "deactivated": not user.is_active}
    return ",".join(mark for mark, applies in marks.items() if applies) or "-"


def _read_password() -> str:
    if sys.stdin.isatty():
        typed: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
        return typed
    return sys.stdin.readline().rstrip("\r\n")
