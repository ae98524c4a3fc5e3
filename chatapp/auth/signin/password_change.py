"""Change or set a signed-in person's own password."""

from __future__ import annotations

from sqlalchemy import update

from chatapp import mail
from chatapp.auth import sign_ins
from chatapp.auth.link_tokens import revoke_links
from chatapp.auth.schemas import PasswordChange
from chatapp.auth.signin.reauthentication import reauthenticate
from chatapp.core.db import atomic
from chatapp.core.errors import Conflict
from chatapp.models import SignIn, User
from chatapp.security import audit
from chatapp.security.password_hashing import hash_password


def change_password(
    sign_in: SignIn, change: PasswordChange, *, accept_recent_sign_in: bool = False
) -> None:
    """Set the new password, end all other sign-ins, revoke mailed links, notify the owner by mail.

    Raises as `reauthenticate`, and Conflict if the password was changed elsewhere at the same time.
    """
    stored_hash = reauthenticate(
        sign_in,
        change.current_password,
        field="current_password",
        accept_recent_sign_in=accept_recent_sign_in,
    )
    new_hash = hash_password(change.password)
    unchanged = User.password_hash.is_not_distinct_from(stored_hash)
    with atomic() as work:
        changed = work.execute(
            update(User)
            .where(User.id == sign_in.user_id, unchanged)
            .values(password_hash=new_hash)
            .returning(User.email)
            .execution_options(synchronize_session=False)
        ).one_or_none()
        if changed is None:
            raise Conflict("Your password was just changed somewhere else.")
        sign_ins.end_all_sign_ins(sign_in.user_id, except_id=sign_in.id)
        revoke_links(work, sign_in.user_id)
        if changed.email:
            mail.send("password_changed", changed.email, link=mail.absolute_url("/forgot"))
    audit.note("password changed", user_id=sign_in.user_id)
