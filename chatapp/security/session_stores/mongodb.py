"""Sessions in MongoDB: one document each, which MongoDB deletes when it has expired."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from pymongo import MongoClient
from pymongo.collection import Collection
from pymongo.errors import ConfigurationError, InvalidURI, OperationFailure, PyMongoError

from chatapp.security.session_stores import TIMEOUT_SECONDS
from config import MONGO_DATABASE

COLLECTION = "sessions"


class MongoStore:
    """Sessions as documents ``{_id, data, expires_at}``."""

    in_database = False
    failures: tuple[type[Exception], ...] = (PyMongoError,)
    unreadable: tuple[type[Exception], ...] = (InvalidURI,)
    refusals: tuple[type[Exception], ...] = (ConfigurationError, OperationFailure)

    def __init__(self, url: str) -> None:
        self._url = url
        self._client: MongoClient[dict[str, Any]] | None = None
        self._prepared = False

    def prepare(self) -> None:
        """Create the index by which MongoDB deletes what has expired."""
        self._collection().create_index("expires_at", expireAfterSeconds=0)
        self._prepared = True

    def load(self, key: str) -> bytes | None:
        """Return what is kept under this key. MongoDB deletes only once a minute."""
        alive = {"_id": key, "expires_at": {"$gt": datetime.now(UTC)}}
        found = self._sessions().find_one(alive, {"data": True})
        data = found.get("data") if found else None
        return data if isinstance(data, bytes) else None

    def insert(self, key: str, data: bytes, lifetime: timedelta) -> None:
        """Insert a document."""
        document = {"_id": key, "data": data, "expires_at": datetime.now(UTC) + lifetime}
        # Not insert_one: a try that is repeated after an answer was lost finds its own document.
        self._sessions().replace_one({"_id": key}, document, upsert=True)

    def update(self, key: str, data: bytes, lifetime: timedelta) -> bool:
        """Change the document; return whether there was one."""
        values = {"data": data, "expires_at": datetime.now(UTC) + lifetime}
        return self._sessions().update_one({"_id": key}, {"$set": values}).matched_count == 1

    def delete(self, key: str) -> None:
        """Delete the document."""
        self._sessions().delete_one({"_id": key})

    def _sessions(self) -> Collection[dict[str, Any]]:
        """Return the collection; create its index if MongoDB wasn't there at the start."""
        if not self._prepared:
            self.prepare()
        return self._collection()

    def _collection(self) -> Collection[dict[str, Any]]:
        # Made at the first use, so after the server's fork: a client's connections and tasks
        # don't survive one.
        if self._client is None:
            milliseconds = int(TIMEOUT_SECONDS * 1000)
            self._client = MongoClient(
                self._url,
                appname="chatapp",
                timeoutMS=milliseconds,  # of a whole operation, its repetition included
                serverSelectionTimeoutMS=milliseconds,
                connectTimeoutMS=milliseconds,
                socketTimeoutMS=milliseconds,
            )
        return self._client.get_default_database(MONGO_DATABASE)[COLLECTION]
