"""The extensions, not yet bound to an app: `create_app` binds them."""

from __future__ import annotations

from flask_login import LoginManager
from flask_migrate import Migrate
from flask_wtf import CSRFProtect

from chatapp.core.db import db

__all__ = ["csrf", "db", "login", "migrate"]

migrate = Migrate()
login = LoginManager()
csrf = CSRFProtect()
