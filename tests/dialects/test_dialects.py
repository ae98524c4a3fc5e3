"""The dialects' names and shapes; talking in them from outside is in tests/node and tests/live."""

from __future__ import annotations

import re

import pytest

from chatapp.dialects import DIALECTS
from chatapp.models import Contact, Conversation, Group, Message, Participant, User
from chatapp.realtime.dialect import Dialect
from tests.support.process import TOP

PAGE = (TOP / "docs" / "dialects.md").read_text(encoding="utf-8")


def _section(name: str) -> str:
    return PAGE.split(f"\n## {name.capitalize()}\n")[1].split("\n## ")[0]


def _names(section: str, heading: str) -> set[str]:
    if heading not in section:
        return set()
    rows = section.split(heading)[1].split("\n\n", maxsplit=1)[0]
    return set(re.findall(r"^\| `([A-Za-z-]+)` \|", rows, re.M))


@pytest.mark.parametrize("module", DIALECTS, ids=lambda module: module.DIALECT.name)
def test_the_page_names_every_event(app, module):
    section = _section(module.DIALECT.name)
    assert _names(section, "| client → server |") == set(module.DIALECT.handlers)
    for canonical in module.DIALECT.renderers:
        assert f"`{canonical}` |" in section


@pytest.mark.parametrize("module", DIALECTS, ids=lambda module: module.DIALECT.name)
def test_the_page_names_every_call(app, module):
    section, rest = _section(module.DIALECT.name), module.REST
    ours = {
        (method, rule.rule)
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.endpoint in rest.overrides
        or (rest.blueprint and rule.endpoint.startswith(f"{rest.blueprint.name}."))
    }
    assert set(re.findall(r"^\| `([A-Z]+) (\S+)` \|", section, re.M)) == ours


def test_the_page_names_columns_that_there_are(app):
    tables = {
        model.__tablename__: {column.name for column in model.__table__.columns}
        for model in (Contact, Conversation, Group, Message, Participant, User)
    }
    mapping = PAGE.split("## Where the older data goes")[1]
    named = re.findall(r"`(\w+)\.(\w+)`", " ".join(re.findall(r"\| ([^|]*) \|$", mapping, re.M)))
    assert len(named) >= 4
    for table, column in named:
        assert column in tables[table], (table, column)


def test_a_dialect_is_spoken_while_somebody_does(app):
    dialect: Dialect = DIALECTS[0].DIALECT
    speakers = app.extensions["hub"].speakers
    before = dialect in speakers.spoken()
    speakers.begin(dialect)
    assert dialect in speakers.spoken()
    speakers.end(dialect)
    assert (dialect in speakers.spoken()) == before
