"""Administration pages: invitations and people."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, url_for

from chatapp.auth import bp, invitations
from chatapp.auth.admin import accounts
from chatapp.auth.admin.presenters import invitation_json
from chatapp.auth.admin.schemas import AccountChange, AccountsQuery
from chatapp.auth.presenters import account_json
from chatapp.auth.schemas import NewInvitation
from chatapp.core.errors import Forbidden
from chatapp.security.identity import administrator
from chatapp.security.view_policy import policy
from chatapp.web.forms import Form, form_view
from chatapp.web.request_input import read_form, read_query


@bp.get("/admin")
def admin() -> Any:
    """Redirect to the first administration page."""
    administrator()
    return redirect(url_for("auth.invitations_page"), 303)


def _invitations_page(form: Form, link: str | None = None) -> str:
    listed = [invitation_json(*row) for row in invitations.list_invitations()]
    return render_template("admin/invitations.html", invitations=listed, form=form, link=link)


@bp.get("/admin/invitations")
def invitations_page() -> Any:
    """List the valid invitations, with a form for a new one."""
    administrator()
    return _invitations_page(Form())


@bp.post("/admin/invitations")
@policy(personal=True)
@form_view(_invitations_page, unless=(Forbidden,))
def invite_form() -> Any:
    """Create an invitation and show its link, which can't be shown again."""
    issued = invitations.create_invitation(administrator().id, read_form(NewInvitation))
    return _invitations_page(Form(), link=issued.link), 201


@bp.post("/admin/invitations/<uuid:invitation_id>/revoke")
@policy(personal=True)
def revoke_form(invitation_id: UUID) -> Any:
    """Make an invitation invalid."""
    invitations.revoke_invitation(administrator().id, str(invitation_id))
    flash("The invitation was withdrawn. Its link no longer works.")
    return redirect(url_for("auth.invitations_page"), 303)


@bp.get("/admin/people")
def accounts_page() -> Any:
    """List and search all accounts."""
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
    """Deactivate or reactivate an account, or change its role."""
    me = administrator()
    change = read_form(AccountChange)
    user = accounts.change_account(me.id, str(user_id), change)
    if not user.is_active:
        flash(f"{user.name} is deactivated and signed out everywhere.")
    elif change.is_active:
        flash(f"{user.name} can log in again.")
    else:
        flash(f"{user.name} is now {'an administrator' if user.is_staff else 'a regular member'}.")
    return redirect(url_for("auth.accounts_page"), 303)
