"""Settings of the database and of other servers that keep data."""

from __future__ import annotations

from chatapp.settings.databases import database_url, schema
from chatapp.settings.parsers import choice, integer, line, seconds
from chatapp.settings.reading import Setting
from chatapp.settings.urls import host, service_url, session_url

TIME = "a time such as 7d, 24h, 15m or 30s; a plain number is in seconds"
#: Used when a MongoDB address names no database.
MONGO_DATABASE = "chatapp"
_POSTGRES_ONLY = "PostgreSQL only."
_WITHOUT_URL = "Used when DATABASE_URL is not set."
_NOT_YET = "Checked, but not used yet."

STORES: tuple[Setting, ...] = (
    Setting(
        "DATABASE_URL",
        database_url,
        "sqlite:///path/to/file.db or postgresql://user:password@host:5432/name (postgres:// and "
        "postgresql+psycopg2:// work too)",
        "",
        "The database that stores everything. By default the SQLite file chatapp.db in "
        "INSTANCE_DIR. The parameters schema=, connection_limit= and pool_timeout= are understood.",
    ),
    Setting(
        "DB_DIALECT",
        choice("postgres", "postgresql", "sqlite"),
        "postgres, postgresql or sqlite",
        "",
        f"{_WITHOUT_URL} By default postgres, if any other DB_ setting of the address is set.",
    ),
    Setting(
        "DB_HOST",
        host,
        "an IP address or a host name",
        "",
        f"{_WITHOUT_URL} By default localhost.",
    ),
    Setting(
        "DB_PORT",
        integer(1, 65535),
        "a number from 1 to 65535",
        "",
        f"{_WITHOUT_URL} By default 5432.",
    ),
    Setting("DB_USER", line, "a name", "", _WITHOUT_URL),
    Setting(
        "DB_PASSWORD",
        line,
        "a password, without percent-encoding",
        "",
        _WITHOUT_URL,
        secret=True,
    ),
    Setting(
        "DB_NAME",
        line,
        "the database's name; for SQLite the file",
        "",
        f"{_WITHOUT_URL} Required for PostgreSQL.",
    ),
    Setting(
        "DB_SCHEMA",
        schema,
        "letters, digits and _, not starting with a digit",
        "",
        f"{_WITHOUT_URL} The schema that holds the tables; created if it is missing.",
    ),
    Setting(
        "DB_POOL_SIZE",
        integer(1, 1000),
        "a number from 1 to 1000",
        "10",
        f"{_POSTGRES_ONLY} How many connections stay open. If this is not set, connection_limit= "
        "in the address replaces it, and no further connections are opened.",
    ),
    Setting(
        "DB_MAX_OVERFLOW",
        integer(0, 1000),
        "a number from 0 to 1000",
        "10",
        f"{_POSTGRES_ONLY} How many further connections are opened under load.",
    ),
    Setting(
        "DB_POOL_TIMEOUT",
        seconds(0.1, 3600),
        f"{TIME}; up to 1h",
        "10s",
        f"{_POSTGRES_ONLY} How long a request waits for a connection before the answer is "
        "`unavailable`.",
    ),
    Setting(
        "DB_STATEMENT_TIMEOUT",
        seconds(0, 86400),
        f"{TIME}; up to 24h, 0 for no limit",
        "15s",
        f"{_POSTGRES_ONLY} The database server cancels statements that take longer.",
    ),
    Setting(
        "MONGODB_URL",
        service_url("mongodb", "mongodb+srv"),
        "a mongodb:// or mongodb+srv:// address",
        "",
        f"Keeps browser sessions in MongoDB; in its database {MONGO_DATABASE} if the address names "
        "none.",
    ),
    Setting(
        "SESSION_URL",
        session_url,
        "a mongodb://, mongodb+srv://, redis://, rediss:// or unix:// address, or database",
        "",
        "Where browser sessions are kept. By default at MONGODB_URL, or in the application's own "
        "database if that is not set either.",
    ),
    Setting(
        "REDIS_URL",
        service_url("redis", "rediss", "unix"),
        "a redis://, rediss:// or unix:// address",
        "",
        f"Presence, limits and events shared by several processes. {_NOT_YET}",
    ),
    Setting(
        "RABBITMQ_URL",
        service_url("amqp", "amqps"),
        "an amqp:// or amqps:// address",
        "",
        f"The queue for background jobs. {_NOT_YET}",
    ),
)
