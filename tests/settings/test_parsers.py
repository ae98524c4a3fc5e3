"""Durations, names, switches and choices."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.support.settings import problems


class TestSimpleValues:
    @pytest.mark.parametrize(
        ("text", "seconds"),
        [("7d", 604800), ("24h", 86400), ("15m", 900), ("30s", 30), ("3600", 3600), ("1D", 86400)],
    )
    def test_durations(self, load: Any, text: str, seconds: int) -> None:
        assert load(JWT_EXPIRATION=text).jwt_expiration == timedelta(seconds=seconds)

    @pytest.mark.parametrize("text", ["0", "-1", "7 days", "1w", "d", "1d12h", "1e9", "99999999d"])
    def test_invalid_durations(self, load: Any, text: str) -> None:
        assert f"JWT_EXPIRATION={text}" in problems(load, JWT_EXPIRATION=text)

    def test_pool_times(self, load: Any) -> None:
        settings = load(DB_POOL_TIMEOUT="0.5", DB_STATEMENT_TIMEOUT="0")
        assert (settings.db_pool_timeout, settings.db_statement_timeout) == (0.5, 0)

    def test_names(self, load: Any) -> None:
        assert load(USER_ROLES=" tenant, agent,,tenant ").user_roles == ("tenant", "agent")
        assert "USER_ROLES=" in problems(load, USER_ROLES="x" * 51)

    def test_themes(self, load: Any) -> None:
        assert (load().themes, load().default_theme) == (("bubbles", "plain"), "bubbles")
        settings = load(THEMES=" plain , bubbles,")
        assert (settings.themes, settings.default_theme) == (("plain", "bubbles"), "plain")
        assert load(DEFAULT_THEME="plain").default_theme == "plain"
        text = problems(load, THEMES="plain,harbour")
        assert "there is no theme harbour; the known ones are bubbles, plain" in text
        for wrong in (",", "../themes", "Plain", "plain/", "."):
            assert "the known ones are bubbles, plain" in problems(load, THEMES=wrong)
        text = problems(load, THEMES="plain", DEFAULT_THEME="bubbles")
        assert "DEFAULT_THEME=bubbles" in text
        assert "it isn't one of THEMES=plain" in text

    def test_switches(self, load: Any) -> None:
        assert load(RATE_LIMITS="OFF").rate_limits is False
        for wrong in ("maybe", "0", "false"):
            assert f"RATE_LIMITS={wrong}" in problems(load, RATE_LIMITS=wrong)

    @pytest.mark.parametrize("name", ["CONCURRENCY", "LOG_FORMAT", "LOG_LEVEL", "DB_DIALECT"])
    def test_choices(self, load: Any, name: str) -> None:
        assert f"{name}=something" in problems(load, **{name: "something"})
