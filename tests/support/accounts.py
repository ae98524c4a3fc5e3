"""Accounts in this process."""

from __future__ import annotations

from tests.support.world import PASSWORD

ADA = {"email": "Ada@Example.org", "password": PASSWORD}
