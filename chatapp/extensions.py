"""The extensions, not yet bound to an app: `create_app` binds them."""

from __future__ import annotations

from flask_login import LoginManager
from flask_migrate import Migrate

from chatapp.core.db import db

__all__ = ["db", "login", "migrate"]

migrate = Migrate()
login = LoginManager()
