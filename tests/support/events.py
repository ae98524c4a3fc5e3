"""Which events the app answers."""

from __future__ import annotations

import flask


def event_names(app: flask.Flask) -> set[str]:
    """Every event name a client may send, once the app is made (`app` proves that it is)."""
    from chatapp.realtime.dialect import COLON

    assert app.extensions["socketio"], "no Socket.IO on this app"
    return set(COLON.handlers)
