"""What a tests' server serves: the application, less careful about what no test can see.

`wsgi` patches the standard library, so it comes first. Production never imports this.
"""

from __future__ import annotations

from wsgi import app

__all__ = ["app"]


def _relax() -> None:
    from chatapp.extensions import db
    from tests.support.relaxed import make_hashing_cheap, make_sqlite_careless, shorten_waits

    make_hashing_cheap()
    shorten_waits()
    with app.app_context():
        make_sqlite_careless(db.engine)


_relax()
