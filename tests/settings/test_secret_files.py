"""Secrets that are created at the first start."""

from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from config import Settings, SettingsError
from tests.support.settings import KEY, TOP, problems


class TestSecrets:
    def test_they_are_created_once_and_private(self, load: Any, tmp_path: Path) -> None:
        first, second = load(), load()
        assert (first.secret_key, first.jwt_secret) == (second.secret_key, second.jwt_secret)
        assert first.secret_key != first.jwt_secret
        assert len(first.secret_key) >= 43
        for path in (tmp_path / "i/secret_key", tmp_path / "i/jwt_secret"):
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE((tmp_path / "i").stat().st_mode) == 0o700

    def test_a_readable_file_becomes_private(self, load: Any, tmp_path: Path) -> None:
        load()
        path = tmp_path / "i/secret_key"
        path.chmod(0o644)
        load()
        assert stat.S_IMODE(path.stat().st_mode) == 0o600

    def test_concurrent_starts_agree(self, tmp_path: Path) -> None:
        code = (
            "import sys; from config import Settings; "
            "print(Settings.from_env({'INSTANCE_DIR': sys.argv[1]}).secret_key)"
        )
        started = [
            subprocess.Popen(
                [sys.executable, "-c", code, str(tmp_path)],
                cwd=TOP,
                stdout=subprocess.PIPE,
                text=True,
            )
            for _ in range(6)
        ]
        assert len({process.communicate()[0] for process in started}) == 1

    def test_given_secrets_create_no_file(self, load: Any, tmp_path: Path) -> None:
        settings = load(SECRET_KEY=KEY, JWT_SECRET=KEY + "x")
        assert (settings.secret_key, settings.jwt_secret) == (KEY, KEY + "x")
        assert not (tmp_path / "i").exists()

    @pytest.mark.parametrize("name", ["SECRET_KEY", "JWT_SECRET"])
    @pytest.mark.parametrize(
        "value",
        [
            "x" * 31,
            "your_jwt_secret_key_here_0123456789",
            "please-change-this-in-production-123",
            "ChangeMe-ChangeMe-ChangeMe-ChangeMe",
        ],
    )
    def test_weak_secrets_are_refused(self, load: Any, name: str, value: str) -> None:
        assert f"  {name}=" in problems(load, **{name: value})

    def test_length_is_counted_in_bytes(self, load: Any) -> None:
        assert load(JWT_SECRET="ä" * 16).jwt_secret == "ä" * 16

    def test_a_damaged_file_is_named(self, load: Any, tmp_path: Path) -> None:
        load()
        (tmp_path / "i/jwt_secret").write_text("abc", encoding="utf-8")
        assert f"{tmp_path}/i/jwt_secret" in problems(load)

    def test_a_folder_that_cannot_be_created_is_named(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("", encoding="utf-8")
        with pytest.raises(SettingsError, match=r"INSTANCE_DIR=.*file/i"):
            Settings.from_env({"INSTANCE_DIR": f"{tmp_path}/file/i"})
