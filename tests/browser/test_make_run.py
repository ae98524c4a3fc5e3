"""The product's first promise: from a fresh copy, `make run`, and two people chat live."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
from playwright.sync_api import expect

from tests.support.browser_person import BrowserPerson, NewPerson
from tests.support.clone import copy_repository
from tests.support.process import dies_with_us, end_group
from tests.support.waiting import free_port, wait_until

pytestmark = pytest.mark.browser


@dataclass
class FreshCopy:
    """`make run` in a folder of its own."""

    url: str


@pytest.fixture(scope="module")
def fresh_copy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FreshCopy]:
    """The present tree, copied, and `make run` there with nothing set but its port."""
    folder = tmp_path_factory.mktemp("clone") / "chatapp"
    copy_repository(folder)
    port = free_port()
    environ = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    environ["PORT"] = str(port)
    log = folder.parent / "make-run.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*dies_with_us("TERM"), "make", "run", *installed_already()],
            cwd=folder,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    url = f"http://127.0.0.1:{port}"
    try:
        wait_until(
            lambda: process.poll() is not None or _healthy(url),
            "make run serves",
            timeout=300,  # it may have packages to install
            details=log.read_text,
        )
        assert process.poll() is None, log.read_text(encoding="utf-8")
        assert url in log.read_text(encoding="utf-8"), "it prints its address"
        yield FreshCopy(url)
    finally:
        ended = end_group(process, signal.SIGINT)
    assert ended, "Ctrl+C must end it"
    assert "Traceback" not in log.read_text(encoding="utf-8")
    check_what_it_made(folder)


def installed_already() -> list[str]:
    """Spares `make run` installing the packages that these tests run on, where `make` did so."""
    venv = Path(sys.prefix)
    return [f"VENV={venv}"] if (venv / "runtime").exists() else []


def _healthy(url: str) -> bool:
    try:
        return requests.get(f"{url}/health", timeout=2).ok
    except requests.RequestException:  # not there yet, or too busy to say so
        return False


def check_what_it_made(folder: Path) -> None:
    """Everything of its own stands under instance/, the secrets for nobody else to read."""
    for name in ("secret_key", "jwt_secret"):
        assert (folder / "instance" / name).stat().st_mode & 0o777 == 0o600, name
    assert list((folder / "instance").glob("*.db"))


def test_register_find_each_other_and_chat(fresh_copy: FreshCopy, new_person: NewPerson) -> None:
    ada = new_person("Ada", site=fresh_copy, by_form=True)
    ben = new_person("Ben", site=fresh_copy, by_form=True)
    conversation_id = ada.find(ben)
    assert ben.find(ada) == conversation_id
    for person in (ada, ben):
        person.page.evaluate("window.neverReloaded = true")

    said: list[str] = []
    for number in range(1, 21):
        for person, other in ((ada, ben), (ben, ada)):
            said.append(f"{person.name} says {number}")
            person.say(said[-1])
            expect(other.texts.last).to_have_text(said[-1])
            expect(person.pending).to_have_count(0)

    assert len(said) == 40
    for person in (ada, ben):
        person.sees(said)
        assert person.page.evaluate("window.neverReloaded") is True
    ada.page.reload()
    ada.sees(said)


def test_both_write_at_once(fresh_copy: FreshCopy, new_person: NewPerson) -> None:
    """20 each way without waiting for one another: both see the same, each one's own in order."""
    ada, ben = new_person("Ada", site=fresh_copy), new_person("Ben", site=fresh_copy)
    assert ada.meet(ben) == ben.meet(ada)
    for number in range(1, 21):
        ada.say(f"Ada says {number}")
        ben.say(f"Ben says {number}")

    for person in (ada, ben):
        expect(person.messages).to_have_count(40)
        expect(person.pending).to_have_count(0)
    seen = ada.texts.all_inner_texts()
    ben.sees(seen)
    for name in ("Ada", "Ben"):
        own = [text for text in seen if text.startswith(name)]
        assert own == [f"{name} says {number}" for number in range(1, 21)]


def test_without_scripts_one_writes_by_the_form_and_reads_by_reloading(
    fresh_copy: FreshCopy, new_person: NewPerson
) -> None:
    ada = new_person("Ada", site=fresh_copy, by_form=True)
    cleo = new_person("Cleo", site=fresh_copy, by_form=True, javascript=False)
    conversation_id = cleo.find(ada)

    cleo.post("Hello from a plain page")
    cleo.sees(["Hello from a plain page"])
    expect(cleo.composer).to_have_value("")
    ada.go(conversation_id)
    ada.say("Nice to read you")
    expect(ada.pending).to_have_count(0)

    cleo.sees(["Hello from a plain page"])
    cleo.page.reload()
    cleo.sees(["Hello from a plain page", "Nice to read you"])
    cleo.post("And <b>you</b> & yours")
    said = ["Hello from a plain page", "Nice to read you", "And <b>you</b> & yours"]
    for person in (ada, cleo):
        person.sees(said)

    refuse_what_is_too_long(cleo, conversation_id)
    cleo.sees(said)
    cleo.page.locator("details.menu summary").first.click()
    cleo.page.get_by_role("button", name="Log out").click()
    cleo.page.goto(f"/chats/{conversation_id}")
    expect(cleo.page.get_by_label("Password")).to_be_visible()


def refuse_what_is_too_long(cleo: BrowserPerson, conversation_id: int) -> None:
    """The page comes back with what was typed, and says what is wrong with it."""
    cleo.expect_failed_requests()  # a 422 stands in the console
    cleo.page.locator("#composer textarea").evaluate("box => box.removeAttribute('maxlength')")
    cleo.post("x" * 10_001)
    expect(cleo.composer).to_have_value("x" * 10_001)
    expect(cleo.page.get_by_text("10,000").first).to_be_visible()
    cleo.go(conversation_id)
