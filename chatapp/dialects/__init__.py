"""The contracts of older back ends, so that their clients work here (docs/dialects.md).

A dialect is data first: names and shapes. For what these can't say it calls the same use cases and
queries as everybody else; it has no rule, query or table of its own.
"""

from __future__ import annotations

from flask import Flask

from chatapp.dialects import camel, cookie, kebab, rest, roster
from chatapp.realtime.hub import Hub
from config import Settings

DIALECTS = (camel, kebab, cookie)


def init_app(app: Flask, settings: Settings) -> None:
    """Switch on the dialects that the settings name."""
    modules = [module for module in DIALECTS if module.DIALECT.name in settings.dialects]
    hub: Hub = app.extensions["hub"]
    hub.speakers.switch_on([module.DIALECT for module in modules])
    roster.init_app(app)
    rest.init_app(app, [module.REST for module in modules])
