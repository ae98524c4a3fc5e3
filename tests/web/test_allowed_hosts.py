"""Which names the server answers to, and that it refuses others before anything else is done."""

from __future__ import annotations

from pathlib import Path

import pytest
from werkzeug.test import Client
from werkzeug.wrappers import Response

from chatapp.web.allowed_hosts import AllowedHosts
from config import Settings, SettingsError


def ask(tmp_path: Path, host: str, **environ: str) -> int:
    """How a server with these settings answers a request to ``host``."""
    settings = Settings.from_env({"INSTANCE_DIR": str(tmp_path), **environ})
    answer = Client(AllowedHosts(Response("ours"), settings)).get("/", headers={"Host": host})
    if answer.status_code == 400:
        error = answer.get_json()["error"]
        assert error["code"] == "bad_request"
        assert settings.base_url in error["message"]
        assert "evil" not in error["message"]
        assert answer.headers["X-Request-ID"]
    return answer.status_code


OURS = {"BASE_URL": "https://chat.example.org"}


@pytest.mark.parametrize(
    "host",
    [
        "chat.example.org",
        "chat.example.org:8443",
        "CHAT.example.ORG",
        "localhost:5000",
        "127.0.0.1:5000",
        "10.1.2.3",
        "[::1]:5000",
        "[2001:db8::7]",
    ],
)
def test_its_own_names_and_addresses_in_numbers(tmp_path, host):
    assert ask(tmp_path, host, **OURS) == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:5000",
        "chat.example.org.evil.example",
        "evil-chat.example.org",
        "sub.chat.example.org",
        "chat.example.org@evil.example",
        "chat.example.org:0",
        "127.0.0.1.evil.example",
        "[::1].evil.example",
        "[evil.example]",
        "chat.example.org evil.example",
        "",
    ],
)
def test_any_other_is_refused(tmp_path, host):
    assert ask(tmp_path, host, **OURS) == 400


def test_without_an_address_of_its_own_any_is_answered(tmp_path):
    assert ask(tmp_path, "laptop.local:5000") == 200
    assert ask(tmp_path, "evil.example", **OURS, ALLOWED_HOSTS="*") == 200


def test_further_names(tmp_path):
    further = {**OURS, "ALLOWED_HOSTS": "chat.internal, Café.example"}
    assert ask(tmp_path, "chat.internal:8000", **further) == 200
    assert ask(tmp_path, "xn--caf-dma.example", **further) == 200
    assert ask(tmp_path, "chat.example.org", **further) == 200
    assert ask(tmp_path, "evil.example", **further) == 400
    alone = {"ALLOWED_HOSTS": "chat.internal"}
    assert ask(tmp_path, "chat.internal", **alone) == 200
    assert ask(tmp_path, "evil.example", **alone) == 400


@pytest.mark.parametrize("value", ["https://chat.example.org", "a b", "chat.example.org:80", "a/b"])
def test_what_is_no_name(tmp_path, value):
    with pytest.raises(SettingsError, match="ALLOWED_HOSTS"):
        ask(tmp_path, "chat.example.org", ALLOWED_HOSTS=value)
