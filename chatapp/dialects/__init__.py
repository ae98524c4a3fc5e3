"""The contracts of older back ends, so that their clients work here (docs/dialects.md).

A dialect is data first: names and shapes. What it can't say by these it asks of the same use cases
and reads as everybody else; it has no rule, query or table of its own.
"""

from __future__ import annotations

from flask import Flask

from chatapp.dialects import camel, cookie, kebab, rest
from chatapp.realtime.dialect import switch_on
from config import Settings

DIALECTS = (camel, kebab, cookie)


def init_app(app: Flask, settings: Settings) -> None:
    """Speak those that the settings name."""
    on = [module for module in DIALECTS if module.DIALECT.name in settings.dialects]
    switch_on([module.DIALECT for module in on])
    rest.init_app(app, [module.REST for module in on])
