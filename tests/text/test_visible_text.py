"""Names of people and groups: visible, and validated the same at every door."""

from __future__ import annotations

import time
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from chatapp.auth.oidc.schemas import OpenIdClaims
from chatapp.auth.schemas import Registration
from chatapp.auth.service_accounts.schemas import NewServiceUser
from chatapp.chat.schemas import MessageBody, NewConversation
from chatapp.core.validation import Description, Name, clean
from chatapp.group.schemas import GroupPatch, NewGroup
from chatapp.text.visible_text import MAX_MARKS, nfc, visible_line
from chatapp.user.schemas import ProfilePatch

ZWNJ, ZWJ, RLO, RLI, PDI = "\u200c", "\u200d", "\u202e", "\u2067", "\u2069"


class _Named(BaseModel):
    name: Name


class _Described(BaseModel):
    description: Description


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("Ada Lovelace", "Ada Lovelace"),
        ("  Ada \t Lovelace\n", "Ada Lovelace"),
        ("Ada\u2028Lovelace\u2029", "Ada Lovelace"),
        ("Ada\u00a0\u3000Lovelace", "Ada Lovelace"),
        ("Ada\x07\x1b[31m", "Ada[31m"),
        ("A\u0308da", "Äda"),  # NFC
        ("A\u200b\u0308da", "Äda"),  # also where something hid in between
        (f"{RLO}adA{PDI}", "adA"),
        ("\u202aa\u202bb\u202cc\u202dd\u202ee", "abcde"),
        (f"\u2066a{RLI}b\u2068c{PDI}", "abc"),
        ("\u200ea\u200fb\u061cc", "abc"),
        ("a\u200bd\u2060m\ufeffi\u00adn", "admin"),
        (f"a{ZWJ}d{ZWNJ}min{ZWJ}", "admin"),
        ("\U000e0061dmin\U000e0020", "dmin"),  # tags alone
        ("\u3164a\u2800b", "a b"),  # blanks that are no white space
        ("ǅ ﬁ Ａ", "ǅ ﬁ Ａ"),  # not folded
        ("محمد", "محمد"),
        ("שָׁלוֹם", "שָׁלוֹם"),
        (f"می{ZWNJ}خواهم", f"می{ZWNJ}خواهم"),  # Persian: joined letters kept apart
        (f"क्{ZWJ}ष क्{ZWNJ}ष", f"क्{ZWJ}ष क्{ZWNJ}ष"),
        (f"ශ්{ZWJ}රී", f"ශ්{ZWJ}රී"),  # Sinhala
        (f"👩{ZWJ}💻", f"👩{ZWJ}💻"),
        (f"👩🏽{ZWJ}❤️{ZWJ}💋{ZWJ}👨🏿", f"👩🏽{ZWJ}❤️{ZWJ}💋{ZWJ}👨🏿"),
        (f"🏳️{ZWJ}🌈 🏴{ZWJ}☠️", f"🏳️{ZWJ}🌈 🏴{ZWJ}☠️"),
        ("🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",) * 2,  # Scotland
        ("1️⃣ ❤️ 🇺🇳", "1️⃣ ❤️ 🇺🇳"),
        ("Trần Thị Hằng", "Trần Thị Hằng"),
        ("Z" + "\u0335" * 10_000, "Z" + "\u0335" * MAX_MARKS),
        ("Z" + f"\u0335{ZWNJ}" * 5_000, "Z" + "\u0335" * MAX_MARKS),
        ("\u0335\u0336a \u0335b", "a b"),  # on nothing
        ("x", "x"),
        ("!", "!"),
        ("محمد" * 20, "محمد" * 20),  # 80
    ],
)
def test_names_keep_only_visible_text(given, name):
    assert _Named(name=given).name == unicodedata.normalize("NFC", name)


@pytest.mark.parametrize(
    "given",
    ["\u200b", RLO, "\u3164\u3164", "\u2800", "\u0300" * 5, f"{ZWJ} {ZWNJ}", "\x01", "\u115f"],
)
def test_invisible_names_are_refused(given):
    with pytest.raises(ValidationError, match="This would be invisible"):
        _Named(name=given)


@pytest.mark.parametrize("given", ["", " ", "\u3000\n"])
def test_a_name_is_required(given):
    with pytest.raises(ValidationError, match="This is required"):
        _Named(name=given)


def test_a_name_has_at_most_80_visible_characters():
    assert _Named(name="x\u200b" * 80).name == "x" * 80
    with pytest.raises(ValidationError, match="at most 80"):
        _Named(name="x" * 81)


@pytest.mark.slow
def test_endless_names_are_refused_cheaply():
    started = time.process_time()
    for text in ("\u0327\u0300" * 50_000, f"👩{ZWJ}" * 50_000, "x\n" * 50_000):
        for model, field in ((_Named, "name"), (_Described, "description")):
            with pytest.raises(ValidationError, match="At most 20,000 characters"):
                model(**{field: text})
    for text in (f"👩{ZWJ}" * 9_000, f"क्{ZWJ}" * 6_000, "\u0f73" * 19_000):
        with pytest.raises(ValidationError):
            _Named(name=text)
    assert time.process_time() - started < 4


def test_descriptions_keep_their_lines():
    given = f"\n  One {RLO}line\r\n\r\nand\u2029another \u200b\n\n"
    assert _Described(description=given).description == "One line\n\nand\nanother"


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=60))
@settings(max_examples=300, deadline=None)
@pytest.mark.slow
def test_normalising_is_idempotent(text):
    once = visible_line(text)
    assert visible_line(once) == once == unicodedata.normalize("NFC", once)


_TRICKY = st.sampled_from(
    f"aée \u0301\u0327\u0335\ufe0f{ZWJ}{ZWNJ}👩🏴❤क्\U000e0067\U000e007fمی{RLO}"
    "\u200b\u2800\u0f73\u1e69\u1100\u1161"
)


@given(st.text(alphabet=_TRICKY, max_size=120))
@settings(max_examples=500, deadline=None)
@pytest.mark.slow
def test_normalising_is_idempotent_for_difficult_text(text):
    once = visible_line(text)
    assert visible_line(once) == once == unicodedata.normalize("NFC", once)


@pytest.mark.slow
@given(st.text(alphabet=_TRICKY, min_size=31, max_size=400))
@settings(max_examples=300, deadline=None)
def test_normalising_long_text_agrees_with_unicodedata(text):
    assert nfc(text) == unicodedata.normalize("NFC", text)


def test_many_unordered_marks_are_normalised_in_time():
    """Python alone takes 14 seconds for this, and blocks everyone else."""
    marks = "a" + "\u0300\u0327" * 60_000
    started = time.process_time()
    assert nfc(clean(marks)) == clean(marks)
    assert time.process_time() - started < 1
    with pytest.raises(ValidationError, match="at most 10,000"):
        MessageBody(content="x" + marks)
    assert time.process_time() - started < 2


HIDDEN = f"{RLO}Ev\u200be\n"
USER = {"email": "eve@example.org", "password": "correct horse battery"}
SERVICE_USER = {"username": "eve", "external_id": "7"}


@pytest.mark.parametrize(
    ("model", "rest"),
    [
        (Registration, USER),
        (NewServiceUser, SERVICE_USER),
        (ProfilePatch, {}),
        (NewGroup, {}),
        (GroupPatch, {}),
        (NewConversation, {"participant_ids": []}),
    ],
)
def test_every_door_gives_names_by_the_same_rule(model, rest):
    assert model.model_validate({**rest, "name": HIDDEN}).name == "Eve"
    with pytest.raises(ValidationError, match="This would be invisible"):
        model.model_validate({**rest, "name": "\u200b"})


@pytest.mark.parametrize(
    ("said", "name"), [(HIDDEN, "Eve"), ("\u200b", None), ("x" * 100, "x" * 80), (7, None)]
)
def test_names_from_a_provider(said, name):
    assert OpenIdClaims.model_validate({"sub": "1", "name": said}).name == name


@pytest.mark.parametrize("model", [ProfilePatch, GroupPatch])
def test_descriptions_follow_the_rule_too(model):
    assert model.model_validate({"description": HIDDEN}).description == "Eve"
