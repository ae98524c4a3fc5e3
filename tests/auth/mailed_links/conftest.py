"""What the tests here share."""

from __future__ import annotations

import pytest

from tests.support.mail import RESET


@pytest.fixture
def forgotten(nobody, mailbox):
    """`forgotten(ada)`: the token that is mailed to her."""

    def forget(person, count: int = 1) -> str:
        answer = nobody.post("/api/auth/password/forgot", {"email": person.email.upper()})
        assert (answer.status_code, answer.text) == (202, "")
        return mailbox.token(person.email, RESET, count)

    return forget
