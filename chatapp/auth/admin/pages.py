"""What administrators do, as pages."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, url_for
from pydantic import ValidationError

from chatapp.auth import bp, invitations
from chatapp.auth.admin import accounts
from chatapp.auth.admin.schemas import AccountChange, AccountsQuery
from chatapp.auth.presenters import account_json, invitation_json
from chatapp.auth.schemas import NewInvitation
from chatapp.core.errors import ChatError, describe
from chatapp.security.identity import administrator
from chatapp.security.view_policy import policy
from chatapp.web.forms import Form, refused, waiting
from chatapp.web.request_input import read_form, read_query


@bp.get("/admin")
def admin() -> Any:
    """On to the first page of administration."""
    administrator()
    return redirect(url_for("auth.invitations_page"), 303)


@bp.get("/admin/invitations")
def invitations_page() -> Any:
    """The invitations that stand, and a form for a new one."""
    administrator()
    return _invitations_page(Form())


@bp.post("/admin/invitations")
@policy(personal=True)
def invite_form() -> Any:
    """A new invitation; its link is shown this once."""
    me = administrator()
    try:
        issued = invitations.create_invitation(me.id, read_form(NewInvitation))
    except (ChatError, ValidationError) as exc:
        error = describe(exc)
        return _invitations_page(refused(error)), error.status, waiting(error)
    return _invitations_page(Form(), link=issued.link), 201


@bp.post("/admin/invitations/<uuid:invitation_id>/revoke")
@policy(personal=True)
def revoke_form(invitation_id: UUID) -> Any:
    """The invitation counts no more."""
    invitations.revoke_invitation(administrator().id, str(invitation_id))
    flash("The invitation is withdrawn. Its link works no more.")
    return redirect(url_for("auth.invitations_page"), 303)


@bp.get("/admin/people")
def accounts_page() -> Any:
    """Everyone with an account, to find, deactivate and name administrators."""
    administrator()
    query = read_query(AccountsQuery)
    page = accounts.list_accounts(query)
    people = [account_json(user) for user in page.items]
    return render_template(
        "admin/people.html", people=people, q=query.q, next_cursor=page.next_cursor
    )


@bp.post("/admin/people/<uuid:user_id>")
@policy(personal=True)
def account_form(user_id: UUID) -> Any:
    """Deactivate, activate, name an administrator or take that back."""
    me = administrator()
    user = accounts.change_account(me.id, str(user_id), read_form(AccountChange))
    if not user.is_active:
        flash(f"{user.name} is deactivated and signed out everywhere.")
    else:
        flash(f"{user.name} is {'an administrator' if user.is_staff else 'an ordinary member'}.")
    return redirect(url_for("auth.accounts_page"), 303)


def _invitations_page(form: Form, link: str | None = None) -> str:
    shown = [invitation_json(one, maker) for one, maker in invitations.list_invitations()]
    return render_template("admin/invitations.html", invitations=shown, form=form, link=link)
