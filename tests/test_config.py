"""Settings: what is read, what is refused, and that the documents say the same."""

from __future__ import annotations

import re
import stat
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.engine import make_url

import config
from config import SETTINGS, Settings, SettingsError

TOP = Path(config.__file__).parent
KEY = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def load(tmp_path: Path) -> Any:
    """`load(NAME="value", …)`: the settings of an environment that holds nothing else."""
    return lambda **environ: Settings.from_env({"INSTANCE_DIR": str(tmp_path / "i"), **environ})


def problems(load: Any, **environ: str) -> str:
    with pytest.raises(SettingsError) as caught:
        load(**environ)
    return str(caught.value)


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

    def test_every_default_is_allowed_by_its_own_row(self) -> None:
        for setting in SETTINGS:
            if setting.default:
                setting.parse(setting.default)

    def test_importing_it_loads_nothing_that_must_be_patched_first(self) -> None:
        code = (
            "import config, sys; config.read({}, 'CONCURRENCY'); "
            "print([m for m in ('sqlalchemy', 'flask', 'psycopg2', 'socket', 'ssl', 'logging') "
            "if m in sys.modules])"
        )
        loaded = subprocess.check_output([sys.executable, "-c", code], cwd=TOP, text=True)
        assert loaded.strip() == "[]"


class TestAddresses:
    @pytest.mark.parametrize(
        ("environ", "expected"),
        [
            ({"PORT": "8000"}, "http://127.0.0.1:8000"),
            ({"HOST": "0.0.0.0"}, "http://127.0.0.1:5000"),
            ({"HOST": "::"}, "http://127.0.0.1:5000"),
            ({"HOST": "::1"}, "http://[::1]:5000"),
            ({"HOST": "chat.lan"}, "http://chat.lan:5000"),
            ({"BASE_URL": "http://localhost", "PORT": "8000"}, "http://localhost:8000"),
            ({"BASE_URL": "http://127.0.0.1/", "PORT": "8000"}, "http://127.0.0.1:8000"),
            ({"BASE_URL": "http://[::1]", "PORT": "8000"}, "http://[::1]:8000"),
            ({"BASE_URL": "http://localhost:3000", "PORT": "8000"}, "http://localhost:3000"),
            ({"BASE_URL": "https://localhost", "PORT": "8000"}, "https://localhost"),
            ({"BASE_URL": "https://chat.example.com/"}, "https://chat.example.com"),
            ({"BASE_URL": "HTTPS://Chat.Example.com:8443"}, "https://chat.example.com:8443"),
        ],
    )
    def test_base_url(self, load: Any, environ: dict[str, str], expected: str) -> None:
        assert load(**environ).base_url == expected

    @pytest.mark.parametrize(
        "value",
        [
            "chat.example.com",
            "ftp://chat.example.com",
            "https://",
            "https://chat.example.com/app",
            "https://chat.example.com?x=1",
            "https://chat.example.com#",
            "https://user@chat.example.com",
            "https://chat example.com",
            "https://chat.example.com:99999",
            "https://chat.example.com\\@evil.example",
            "javascript:alert(1)",
        ],
    )
    def test_what_is_no_address_of_ours(self, load: Any, value: str) -> None:
        for name in ("BASE_URL", "FRONTEND_URL"):
            assert f"  {name}=" in problems(load, **{name: value})

    @pytest.mark.parametrize("value", ["1.2.3", "999.0.0.1", "a b", "-/-", "http://x", "::g"])
    def test_what_is_no_host(self, load: Any, value: str) -> None:
        assert f"HOST={value}" in problems(load, HOST=value)

    @pytest.mark.parametrize(
        "value", ["0", "65536", "-1", "5000.0", "5_000", "٥٠٠٠", "http", "1e3"]
    )
    def test_what_is_no_port(self, load: Any, value: str) -> None:
        text = problems(load, PORT=value)
        assert f"PORT={value}" in text
        assert "from 1 to 65535" in text


class TestOrigins:
    def test_trusted_are_ours_and_the_listed_ones(self, load: Any) -> None:
        settings = load(
            BASE_URL="https://chat.example.com",
            FRONTEND_URL="https://App.example.com:443/",
            SOCKET_IO_CORS="https://a.example, http://b.example:8080/ ,*, https://a.example",
        )
        assert settings.socket_io_cors == ("https://a.example", "http://b.example:8080", "*")
        assert settings.trusted_origins == {
            "https://chat.example.com",
            "https://app.example.com",
            "https://a.example",
            "http://b.example:8080",
        }
        assert settings.any_origin

    def test_a_star_trusts_nobody(self, load: Any) -> None:
        settings = load(BASE_URL="https://chat.example.com", SOCKET_IO_CORS="*")
        assert settings.any_origin
        assert settings.trusted_origins == {"https://chat.example.com"}

    def test_this_computer_has_three_names(self, load: Any) -> None:
        assert load(PORT="8000").trusted_origins == {
            "http://127.0.0.1:8000",
            "http://localhost:8000",
            "http://[::1]:8000",
        }
        assert "http://localhost" in load(BASE_URL="http://127.0.0.1:80").trusted_origins
        assert not load().any_origin

    def test_a_name_in_another_alphabet_is_as_browsers_send_it(self, load: Any) -> None:
        settings = load(SOCKET_IO_CORS="https://Bücher.example")
        assert settings.socket_io_cors == ("https://xn--bcher-kva.example",)

    @pytest.mark.parametrize(
        "value",
        [
            "null",
            "https://*.example.com",
            "*.example.com",
            "https://a.example/path",
            "https://a.example https://b.example",
            "https://a.example,b.example",
            "file://",
        ],
    )
    def test_only_exact_origins(self, load: Any, value: str) -> None:
        assert "SOCKET_IO_CORS=" in problems(load, SOCKET_IO_CORS=value)


class TestTimesAndWords:
    @pytest.mark.parametrize(
        ("text", "seconds"),
        [("7d", 604800), ("24h", 86400), ("15m", 900), ("30s", 30), ("3600", 3600), ("1D", 86400)],
    )
    def test_durations(self, load: Any, text: str, seconds: int) -> None:
        assert load(JWT_EXPIRATION=text).jwt_expiration == timedelta(seconds=seconds)

    @pytest.mark.parametrize("text", ["0", "-1", "7 days", "1w", "d", "1d12h", "1e9", "99999999d"])
    def test_what_is_no_duration(self, load: Any, text: str) -> None:
        assert f"JWT_EXPIRATION={text}" in problems(load, JWT_EXPIRATION=text)

    def test_pool_times(self, load: Any) -> None:
        settings = load(DB_POOL_TIMEOUT="0.5", DB_STATEMENT_TIMEOUT="0")
        assert (settings.db_pool_timeout, settings.db_statement_timeout) == (0.5, 0)

    def test_words(self, load: Any) -> None:
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


class TestDatabase:
    @pytest.mark.parametrize(
        "scheme", ["postgres", "postgresql", "postgresql+psycopg2", "POSTGRES"]
    )
    def test_every_spelling_of_postgresql(self, load: Any, scheme: str) -> None:
        url = make_url(
            load(DATABASE_URL=f"{scheme}://ada:p%40ss%2F%3A%25@db:5433/chat").database_url
        )
        assert url.drivername == "postgresql+psycopg2"
        assert (url.username, url.password, url.host) == ("ada", "p@ss/:%", "db")
        assert (url.port, url.database) == (5433, "chat")

    @given(password=st.text(st.characters(exclude_categories=("C", "Z")), min_size=1))
    @pytest.mark.slow
    def test_every_password_survives(self, password: str) -> None:
        environ = {"SECRET_KEY": KEY, "JWT_SECRET": KEY, "DB_NAME": "chat", "DB_USER": "ada"}
        environ["DB_PASSWORD"] = password
        first = Settings.from_env(environ).database_url
        assert make_url(first).password == password
        again = Settings.from_env(environ | {"DATABASE_URL": first}).database_url
        assert make_url(again).password == password

    def test_what_other_drivers_parameters_mean(self, load: Any) -> None:
        settings = load(
            DATABASE_URL="postgresql://a:b@h/d?schema=chat&connection_limit=3&pool_timeout=7"
            "&pgbouncer=true&sslmode=no-verify&application_name=x%20y"
        )
        assert settings.db_schema == "chat"
        assert (settings.db_pool_size, settings.db_max_overflow) == (3, 0)
        assert settings.db_pool_timeout == 7
        assert dict(make_url(settings.database_url).query) == {
            "sslmode": "require",
            "application_name": "x y",
        }

    def test_a_variable_counts_before_the_address(self, load: Any) -> None:
        settings = load(
            DATABASE_URL="postgres://a:b@h/d?connection_limit=3&pool_timeout=7&ssl=true",
            DB_POOL_SIZE="4",
            DB_MAX_OVERFLOW="5",
            DB_POOL_TIMEOUT="6s",
        )
        assert (settings.db_pool_size, settings.db_max_overflow) == (4, 5)
        assert settings.db_pool_timeout == 6
        assert settings.database_url.endswith("?sslmode=require")

    def test_a_socket_folder(self, load: Any) -> None:
        url = make_url(load(DATABASE_URL="postgresql:///chat?host=/run/postgresql").database_url)
        assert (url.host, url.database, url.query["host"]) == (None, "chat", "/run/postgresql")

    @pytest.mark.parametrize(
        ("value", "reason"),
        [
            ("mysql://a:b@h/d", "sqlite:, postgresql:, postgres:"),
            ("chat.db", "the known ones are"),
            ("postgresql+asyncpg://a@h/d", "unknown"),
            ("postgres://a:b@h", "no database"),
            ("postgres:h", "can't be read"),
            ("postgres://a:b@h:port/d", "can't be read"),
            ("postgres://a:b@c@h/d", "%40"),
            ("postgres://a:b@h/d?schema=a;b", "parameter schema"),
            ("postgres://a:b@h/d?connection_limit=many", "parameter connection_limit"),
            ("postgres://a:b@h/d?pool_timeout=-1", "parameter pool_timeout"),
            ("postgres://a:b@h/d?schema=a&schema=b", "twice"),
            ("postgres://a:b@h/d?colour=red", 'invalid connection option "colour"'),
            ("sqlite://", "in memory"),
            ("sqlite:///:memory:", "in memory"),
            ("sqlite::memory:", "in memory"),
        ],
    )
    def test_what_is_refused(self, load: Any, value: str, reason: str) -> None:
        text = problems(load, DATABASE_URL=value)
        assert "  DATABASE_URL=" in text
        assert reason in text

    @pytest.mark.parametrize(
        ("value", "path"),
        [
            ("sqlite:///data/chat.db", TOP / "data/chat.db"),
            ("sqlite:data/chat.db", TOP / "data/chat.db"),
            ("sqlite:./data/chat.db", TOP / "data/chat.db"),
            ("sqlite://data/chat.db", TOP / "data/chat.db"),
            ("sqlite:////srv/chat.db", Path("/srv/chat.db")),
            ("sqlite:/srv/chat.db", Path("/srv/chat.db")),
            ("SQLITE:////srv/a%20%25%3F b.db", Path("/srv/a %? b.db")),
        ],
    )
    def test_every_spelling_of_sqlite(self, load: Any, value: str, path: Path) -> None:
        url = make_url(load(DATABASE_URL=value).database_url)
        assert (url.drivername, Path(url.database or "")) == ("sqlite", path)

    def test_parts_make_an_address(self, load: Any) -> None:
        settings = load(
            DB_HOST="db", DB_USER="ada", DB_PASSWORD="p@:/%", DB_NAME="chat", DB_SCHEMA="Chat_1"
        )
        url = make_url(settings.database_url)
        assert (url.username, url.password, url.host) == ("ada", "p@:/%", "db")
        assert (url.port, url.database, settings.db_schema) == (5432, "chat", "Chat_1")

    def test_parts_count_only_without_an_address(self, load: Any) -> None:
        settings = load(DATABASE_URL="postgres://h/d", DB_HOST="db", DB_NAME="x", DB_SCHEMA="y")
        assert make_url(settings.database_url).host == "h"
        assert settings.db_schema is None

    def test_parts_for_sqlite(self, load: Any, tmp_path: Path) -> None:
        assert load(DB_DIALECT="sqlite").database_url.endswith("/i/chatapp.db")
        settings = load(DB_DIALECT="sqlite", DB_NAME=str(tmp_path / "a b.db"), DB_HOST="db")
        assert make_url(settings.database_url).database == f"{tmp_path}/a b.db"

    @pytest.mark.parametrize(
        ("name", "value"),
        [("DB_HOST", "db"), ("DB_USER", "a"), ("DB_PORT", "1"), ("DB_DIALECT", "postgres")],
    )
    def test_a_part_needs_a_name(self, load: Any, name: str, value: str) -> None:
        assert "DB_NAME is missing" in problems(load, **{name: value})

    def test_a_password_needs_a_user(self, load: Any) -> None:
        assert "DB_USER is missing" in problems(load, DB_NAME="chat", DB_PASSWORD="b")


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
    def test_known_schemes_pass_unchanged(self, load: Any, name: str, value: str) -> None:
        settings = load(**{name: value})
        assert getattr(settings, name.lower()) == value
        used = name == "MONGODB_URL"
        assert any(name in warning for warning in settings.warnings) is not used

    def test_sessions_are_kept_in_the_database_unless_said_otherwise(self, load: Any) -> None:
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

    def test_cookies_of_a_site_by_https_are_bound_to_it(self, load: Any) -> None:
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
    def test_an_unknown_scheme_names_the_known(self, load: Any, name: str, known: str) -> None:
        assert known in problems(load, **{name: "http://h"})
        assert f"  {name}=" in problems(load, **{name: "localhost:1234"})

    def test_files_are_kept_in_a_folder(self, load: Any) -> None:
        assert load().media_url == f"file:{load().instance_dir}/media"
        assert load(MEDIA_URL="file:///srv/a%20b").media_url == "file:/srv/a b"
        assert load(MEDIA_URL="file:kept").media_url == f"file:{TOP}/kept"
        for wrong in ("file://host/srv", "file:", "/srv/media"):
            assert "  MEDIA_URL=" in problems(load, MEDIA_URL=wrong)

    def test_networks_are_networks(self, load: Any) -> None:
        given = "10.20.0.0/16, fd00::/8,127.0.0.1"
        assert load(PICTURE_FETCH_ALLOW=given).picture_fetch_allow == (
            *("10.20.0.0/16", "fd00::/8", "127.0.0.1/32"),
        )
        for wrong in ("10.20.0.1/16", "intranet.example", "10.0.0.0/8 10.1.0.0/16"):
            assert "  PICTURE_FETCH_ALLOW=" in problems(load, PICTURE_FETCH_ALLOW=wrong)

    def test_google_wants_both(self, load: Any) -> None:
        assert "GOOGLE_CLIENT_SECRET is missing" in problems(load, GOOGLE_CLIENT_ID="a")
        assert "GOOGLE_CLIENT_ID is missing" in problems(load, GOOGLE_CLIENT_SECRET="a")
        assert load(GOOGLE_CLIENT_ID="a", GOOGLE_CLIENT_SECRET="b").google_client_id == "a"


class TestNotices:
    def test_none_by_default(self, load: Any) -> None:
        assert load().warnings == ()

    def test_what_an_operator_should_know(self, load: Any) -> None:
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

    def test_what_cannot_be_printed_is_escaped(self, load: Any) -> None:
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


class TestSecrets:
    def test_they_are_made_once_and_private(self, load: Any, tmp_path: Path) -> None:
        first, second = load(), load()
        assert (first.secret_key, first.jwt_secret) == (second.secret_key, second.jwt_secret)
        assert first.secret_key != first.jwt_secret
        assert len(first.secret_key) >= 43
        for path in (tmp_path / "i/secret_key", tmp_path / "i/jwt_secret"):
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE((tmp_path / "i").stat().st_mode) == 0o700

    def test_a_file_that_others_can_read_is_closed(self, load: Any, tmp_path: Path) -> None:
        load()
        path = tmp_path / "i/secret_key"
        path.chmod(0o644)
        load()
        assert stat.S_IMODE(path.stat().st_mode) == 0o600

    @pytest.mark.slow
    def test_starts_at_once_agree(self, tmp_path: Path) -> None:
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

    def test_given_ones_make_no_file(self, load: Any, tmp_path: Path) -> None:
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
    def test_weak_ones_are_refused(self, load: Any, name: str, value: str) -> None:
        assert f"  {name}=" in problems(load, **{name: value})

    def test_bytes_count_not_characters(self, load: Any) -> None:
        assert load(JWT_SECRET="ä" * 16).jwt_secret == "ä" * 16

    def test_a_damaged_file_is_named(self, load: Any, tmp_path: Path) -> None:
        load()
        (tmp_path / "i/jwt_secret").write_text("abc")
        assert f"{tmp_path}/i/jwt_secret" in problems(load)

    def test_a_folder_that_cannot_be_made_is_named(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        with pytest.raises(SettingsError, match=r"INSTANCE_DIR=.*file/i"):
            Settings.from_env({"INSTANCE_DIR": f"{tmp_path}/file/i"})


class TestEnvFile:
    @pytest.fixture
    def env_file(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        monkeypatch.setattr(config, "ENV_FILE", tmp_path / ".env")
        monkeypatch.setenv("INSTANCE_DIR", str(tmp_path / "i"))
        for name in ("PORT", "DB_PASSWORD", "HOST", "LOG_LEVEL"):
            monkeypatch.delenv(name, raising=False)
        return tmp_path / ".env"

    def test_the_environment_counts_before_it(
        self, env_file: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        env_file.write_text("# mine\nPORT=7000\nHOST='0.0.0.0'\n")
        assert (Settings.load().port, Settings.load().host) == (7000, "0.0.0.0")
        monkeypatch.setenv("PORT", "7001")
        assert Settings.load().port == 7001
        monkeypatch.setenv("PORT", "")
        assert Settings.load().port == 5000

    def test_nothing_is_put_into_values(self, env_file: Path) -> None:
        env_file.write_text("DB_PASSWORD=a${HOME}b$c\n")
        assert config.environment()["DB_PASSWORD"] == "a${HOME}b$c"

    def test_without_one(self, env_file: Path) -> None:
        assert Settings.load().port == 5000

    def test_one_that_cannot_be_read_is_named(self, env_file: Path) -> None:
        env_file.write_bytes(b"PORT=\xff\xfe\n")
        with pytest.raises(SettingsError, match=r"\.env can't be read"):
            Settings.load()


class TestDocuments:
    def test_the_example_names_each_with_its_default(self) -> None:
        text = (TOP / ".env.example").read_text()
        lines = re.findall(r"^#([A-Z_]+)=(.*)$", text, re.MULTILINE)
        assert lines == [(setting.name, setting.default) for setting in SETTINGS]
        words = " ".join(re.sub(r"^# ?", "", text, flags=re.MULTILINE).split())
        for setting in SETTINGS:
            assert setting.help.replace("`", "") in words, setting.name
            assert f"Allowed: {setting.allowed}" in words, setting.name

    def test_the_example_as_it_is_changes_nothing(self) -> None:
        from dotenv import dotenv_values

        assert dotenv_values(TOP / ".env.example") == {}

    def test_the_documentation_has_a_row_for_each(self) -> None:
        text = (TOP / "docs" / "configuration.md").read_text()
        rows = re.findall(r"^\| `([A-Z_]+)` \| (.*) \| (.*) \| (.*) \|$", text, re.MULTILINE)
        assert rows == [
            (s.name, f"`{s.default}`" if s.default else "–", s.allowed, s.help) for s in SETTINGS
        ]

    def test_each_field_is_a_setting(self) -> None:
        names = {setting.name for setting in SETTINGS}
        assert {field.upper() for field in Settings.__dataclass_fields__} <= names
        assert len(names) == len(SETTINGS)
