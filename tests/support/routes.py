"""The routes that the app has."""

from __future__ import annotations

import re

import flask


def routes_of(app: flask.Flask) -> set[str]:
    converter = re.compile(r"(?<=<)[^:<>]+:")
    return {
        f"{method} {converter.sub('', rule.rule)}"
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
