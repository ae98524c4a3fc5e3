"""Settings: accepted and refused values, defaults, secrets, and the documents about them."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import config
from config import SETTINGS, Settings, SettingsError
from tests.support.settings import KEY, TOP, loader, problems


@pytest.fixture
def load(tmp_path: Path) -> Any:
    """`load(NAME="value", …)`: the settings made by these variables alone."""
    return loader(tmp_path)


class TestDefaults:
    def test_nothing_has_to_be_set(self, load: Any, tmp_path: Path) -> None:
        settings = load()
        assert (settings.host, settings.port) == ("127.0.0.1", 5000)
        assert settings.base_url == "http://127.0.0.1:5000"
        assert settings.database_url == f"sqlite:///{tmp_path}/i/chatapp.db"
        assert settings.jwt_expiration == timedelta(days=7)
        assert settings.session_lifetime == timedelta(days=30)
        assert (settings.db_pool_size, settings.db_max_overflow) == (10, 10)
        assert (settings.db_pool_timeout, settings.db_statement_timeout) == (10, 15)
        assert settings.socket_io_cors == settings.user_roles == ()
        assert settings.rate_limits is True
        assert (settings.concurrency, settings.log_format) == ("eventlet", "text")
        assert settings.mongodb_url is settings.redis_url is settings.frontend_url is None

    def test_empty_is_unset(self, load: Any) -> None:
        assert load(**{s.name: "  " for s in SETTINGS if s.name != "INSTANCE_DIR"}) == load()

    def test_every_default_is_valid(self) -> None:
        for setting in SETTINGS:
            if setting.default:
                setting.parse(setting.default)

    def test_import_loads_nothing_that_must_be_patched_first(self) -> None:
        code = (
            "import config, sys; config.read({}, 'CONCURRENCY'); "
            "print([m for m in ('sqlalchemy', 'flask', 'psycopg2', 'socket', 'ssl', 'logging') "
            "if m in sys.modules])"
        )
        loaded = subprocess.check_output([sys.executable, "-c", code], cwd=TOP, text=True)
        assert loaded.strip() == "[]"


class TestOtherServices:
    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("MONGODB_URL", "mongodb://a:b@h1,h2:27017/chat?replicaSet=x"),
            ("MONGODB_URL", "mongodb+srv://a:b@cluster.example/chat"),
            ("REDIS_URL", "redis://:pw@h:6379/0"),
            ("REDIS_URL", "rediss://h"),
            ("RABBITMQ_URL", "amqp://a:b@h//"),
            ("RABBITMQ_URL", "amqps://a:b@h/vhost"),
        ],
    )
    def test_known_schemes_are_accepted(self, load: Any, name: str, value: str) -> None:
        settings = load(**{name: value})
        assert getattr(settings, name.lower()) == value
        used = name == "MONGODB_URL"
        assert any(name in warning for warning in settings.warnings) is not used

    def test_where_sessions_are_stored(self, load: Any) -> None:
        mongo, redis = "mongodb://a:b@h/chat", "rediss://:pw@h/1"
        assert load().session_url == "database"
        assert load(MONGODB_URL=mongo).session_url == mongo
        assert load(SESSION_URL=redis).session_url == redis
        assert load(SESSION_URL=mongo).session_url == mongo
        both = load(SESSION_URL="Database", MONGODB_URL=mongo)
        assert both.session_url == "database"
        assert "MONGODB_URL isn't used" in both.warnings[0]
        assert "mongodb, mongodb+srv, redis, rediss" in problems(load, SESSION_URL="http://h")
        assert "topsecret" not in repr(load(SESSION_URL="redis://:topsecret@h"))

    def test_https_uses_a_host_cookie(self, load: Any) -> None:
        assert load().session_cookie == "chatapp_session"
        https = load(BASE_URL="https://c.example")
        assert https.secure
        assert https.session_cookie == "__Host-chatapp_session"

    @pytest.mark.parametrize(
        ("name", "known"),
        [
            ("MONGODB_URL", "mongodb, mongodb+srv"),
            ("SESSION_URL", "mongodb, mongodb+srv, redis, rediss, unix"),
            ("REDIS_URL", "redis, rediss"),
            ("RABBITMQ_URL", "amqp, amqps"),
            ("MEDIA_URL", "file:"),
        ],
    )
    def test_an_unknown_scheme_lists_the_known_ones(self, load: Any, name: str, known: str) -> None:
        assert known in problems(load, **{name: "http://h"})
        assert f"  {name}=" in problems(load, **{name: "localhost:1234"})

    def test_the_media_folder(self, load: Any) -> None:
        assert load().media_url == f"file:{load().instance_dir}/media"
        assert load(MEDIA_URL="file:///srv/a%20b").media_url == "file:/srv/a b"
        assert load(MEDIA_URL="file:kept").media_url == f"file:{TOP}/kept"
        for wrong in ("file://host/srv", "file:", "/srv/media"):
            assert "  MEDIA_URL=" in problems(load, MEDIA_URL=wrong)

    def test_networks(self, load: Any) -> None:
        given = "10.20.0.0/16, fd00::/8,127.0.0.1"
        assert load(PICTURE_FETCH_ALLOW=given).picture_fetch_allow == (
            *("10.20.0.0/16", "fd00::/8", "127.0.0.1/32"),
        )
        for wrong in ("10.20.0.1/16", "intranet.example", "10.0.0.0/8 10.1.0.0/16"):
            assert "  PICTURE_FETCH_ALLOW=" in problems(load, PICTURE_FETCH_ALLOW=wrong)

    def test_google_needs_id_and_secret(self, load: Any) -> None:
        assert "GOOGLE_CLIENT_SECRET is missing" in problems(load, GOOGLE_CLIENT_ID="a")
        assert "GOOGLE_CLIENT_ID is missing" in problems(load, GOOGLE_CLIENT_SECRET="a")
        assert load(GOOGLE_CLIENT_ID="a", GOOGLE_CLIENT_SECRET="b").google_client_id == "a"


class TestWarnings:
    def test_none_by_default(self, load: Any) -> None:
        assert load().warnings == ()

    def test_warnings_about_risky_combinations(self, load: Any) -> None:
        assert "BASE_URL" in load(HOST="0.0.0.0").warnings[0]
        proxied = {"BASE_URL": "https://c.example", "TRUSTED_PROXIES": "1"}
        assert load(HOST="0.0.0.0", **proxied).warnings == ()
        assert "TRUSTED_PROXIES" in load(BASE_URL="https://c.example").warnings[0]
        assert "RATE_LIMITS" in load(RATE_LIMITS="off").warnings[0]


class TestErrors:
    def test_all_are_reported_together(self, load: Any, tmp_path: Path) -> None:
        text = problems(load, PORT="x", LOG_FORMAT="xml", JWT_SECRET="short", DATABASE_URL="x:y")
        assert text.startswith("chatapp can't start: 4 settings are wrong.")
        for name in ("PORT", "LOG_FORMAT", "JWT_SECRET", "DATABASE_URL"):
            assert f"\n  {name}=" in text
        assert not (tmp_path / "i").exists(), "nothing is made by a start that fails"

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("SECRET_KEY", "topsecret"),
            ("JWT_SECRET", "topsecret"),
            ("JWT_SECRET", "a://topsecret"),
            ("DB_PASSWORD", "topsecret\x00"),
            ("DATABASE_URL", "mysql://ada:topsecret@h/d"),
            ("DATABASE_URL", "mysql://ada:pa?topsecret@h/d"),
            ("DATABASE_URL", "ada:topsecret@h/d"),
            ("DATABASE_URL", "mysql://h/d?password=topsecret"),
            ("DATABASE_URL", "postgres://a:b@topsecret@h/d"),
            ("REDIS_URL", "http://:topsecret@h"),
            ("RABBITMQ_URL", "http://a:topsecret@h"),
            ("MONGODB_URL", "http://a:topsecret@h"),
            ("SESSION_URL", "http://a:topsecret@h"),
        ],
    )
    def test_secrets_are_never_shown(self, load: Any, name: str, value: str) -> None:
        text = problems(load, **{name: value})
        assert name in text
        assert "topsecret" not in text

    def test_unprintable_characters_are_escaped(self, load: Any) -> None:
        text = problems(load, HOST="a\x1b[2Jb\nc")
        assert "HOST=a\\x1b[2Jb\\nc\n" in text

    def test_a_settings_object_shows_no_secret(self, load: Any) -> None:
        settings = load(
            SECRET_KEY=KEY,
            DATABASE_URL="postgres://a:topsecret@h/d",
            REDIS_URL="redis://:topsecret@h",
        )
        assert KEY not in repr(settings)
        assert settings.jwt_secret not in repr(settings)
        assert "topsecret" not in repr(settings)


class TestEnvFile:
    @pytest.fixture
    def env_file(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        monkeypatch.setattr(config, "ENV_FILE", tmp_path / ".env")
        monkeypatch.setenv("INSTANCE_DIR", str(tmp_path / "i"))
        for name in ("PORT", "DB_PASSWORD", "HOST", "LOG_LEVEL"):
            monkeypatch.delenv(name, raising=False)
        return tmp_path / ".env"

    def test_the_environment_takes_precedence(
        self, env_file: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        env_file.write_text("# mine\nPORT=7000\nHOST='0.0.0.0'\n", encoding="utf-8")
        assert (Settings.load().port, Settings.load().host) == (7000, "0.0.0.0")
        monkeypatch.setenv("PORT", "7001")
        assert Settings.load().port == 7001
        monkeypatch.setenv("PORT", "")
        assert Settings.load().port == 5000

    def test_values_are_not_interpolated(self, env_file: Path) -> None:
        env_file.write_text("DB_PASSWORD=a${HOME}b$c\n", encoding="utf-8")
        assert config.environment()["DB_PASSWORD"] == "a${HOME}b$c"

    def test_no_env_file(self, env_file: Path) -> None:
        assert Settings.load().port == 5000

    def test_an_unreadable_file_is_named(self, env_file: Path) -> None:
        env_file.write_bytes(b"PORT=\xff\xfe\n")
        with pytest.raises(SettingsError, match=r"\.env can't be read"):
            Settings.load()


class TestDocuments:
    def test_the_example_lists_every_setting_with_its_default(self) -> None:
        text = (TOP / ".env.example").read_text(encoding="utf-8")
        lines = re.findall(r"^#([A-Z_]+)=(.*)$", text, re.MULTILINE)
        assert lines == [(setting.name, setting.default) for setting in SETTINGS]
        words = " ".join(re.sub(r"^# ?", "", text, flags=re.MULTILINE).split())
        for setting in SETTINGS:
            assert setting.help.replace("`", "") in words, setting.name
            assert f"Allowed: {setting.allowed}" in words, setting.name

    def test_the_unchanged_example_sets_nothing(self) -> None:
        from dotenv import dotenv_values

        assert dotenv_values(TOP / ".env.example") == {}

    def test_the_documentation_has_a_row_for_each(self) -> None:
        text = (TOP / "docs" / "configuration.md").read_text(encoding="utf-8")
        rows = re.findall(r"^\| `([A-Z_]+)` \| (.*) \| (.*) \| (.*) \|$", text, re.MULTILINE)
        assert rows == [
            (s.name, f"`{s.default}`" if s.default else "–", s.allowed, s.help) for s in SETTINGS
        ]

    def test_each_field_is_a_setting(self) -> None:
        names = {setting.name for setting in SETTINGS}
        assert {field.upper() for field in Settings.__dataclass_fields__} <= names
        assert len(names) == len(SETTINGS)
