"""What machines differ in: locales, old environments, no network, folders that can't be written."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from tests.support import node
from tests.support.clone import repository_files
from tests.support.process import TOP, end_group
from tests.support.programs import write_program
from tests.support.waiting import free_port, wait_until

# --- locales --------------------------------------------------------------------------------------


def _without_encoding(call: ast.Call) -> bool:
    if not isinstance(call.func, ast.Attribute):
        return False
    named = {keyword.arg for keyword in call.keywords}
    return call.func.attr in ("read_text", "write_text") and "encoding" not in named


def test_text_files_name_their_encoding() -> None:
    """Beside ruff's rule, which sees `open`, but no method of a path that it can't follow."""
    found = [
        f"{path}:{call.lineno}"
        for path in repository_files()
        if path.suffix == ".py"
        for call in ast.walk(ast.parse((TOP / path).read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and _without_encoding(call)
    ]
    assert not found


@pytest.fixture(params=["ascii", "latin-1"])
def locale(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, str]:
    """The environment of somebody whose locale isn't UTF-8."""
    if request.param == "ascii":
        return {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    made = tmp_path / "locales" / "en_US.ISO-8859-1"
    made.parent.mkdir()
    localedef = shutil.which("localedef")
    command = [localedef or "false", "-i", "en_US", "-f", "ISO-8859-1", made]
    if subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("localedef can't make a Latin-1 locale here: apt-get install locales")
    return {"LC_ALL": made.name, "LOCPATH": str(made.parent)}


@pytest.mark.live
@pytest.mark.parametrize(
    "command", [["wsgi.py"], ["-m", "gunicorn", "-c", "gunicorn.conf.py", "wsgi:app"]], ids=len
)
def test_it_starts_in_any_locale(
    tmp_path: Path, locale: dict[str, str], command: list[str]
) -> None:
    port = free_port()
    environ = {"PATH": os.environ["PATH"], "INSTANCE_DIR": str(tmp_path), "PORT": str(port)}
    log = tmp_path / "log"
    with log.open("wb") as output:
        if command != ["wsgi.py"]:  # which prepares by itself
            prepared = subprocess.run(
                [sys.executable, "-m", "chatapp.ops.preflight"],
                cwd=TOP,
                env=environ | locale,
                stdout=output,
                stderr=output,
                check=False,
            )
            assert prepared.returncode == 0, log.read_text(encoding="latin-1")
        process = subprocess.Popen(
            [sys.executable, *command],
            cwd=TOP,
            env=environ | locale,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        address = f"http://127.0.0.1:{port}"

        def answers() -> bool:
            assert process.poll() is None, log.read_text(encoding="latin-1")
            try:
                return requests.get(f"{address}/health", timeout=5).ok
            except requests.RequestException:
                return False

        wait_until(answers, "/health answers")
        page = requests.get(f"{address}/register", timeout=10)
        assert page.ok
        sheet = re.search(r'href="([^"]+\.css[^"]*)"', page.text)
        assert sheet
        style = requests.get(f"{address}{sheet[1]}", timeout=10)
        assert style.ok
        assert "Ã" not in style.content.decode(), "UTF-8 that was read as Latin-1"
        said = "chatapp is at"
        wait_until(lambda: said in log.read_text(encoding="latin-1"), "it says where it is")
    finally:
        end_group(process, signal.SIGINT)
    assert "Traceback" not in log.read_text(encoding="latin-1")
    assert "Error" not in log.read_text(encoding="latin-1")


# --- without git ----------------------------------------------------------------------------------


def test_the_repository_is_listed_without_git_too(monkeypatch: pytest.MonkeyPatch) -> None:
    by_git = repository_files()
    monkeypatch.setenv("PATH", "")
    by_walking = repository_files()
    assert [path for path in by_walking if path.suffix != ".pyc"] == by_git


# --- outside the environment ----------------------------------------------------------------------


def test_without_its_libraries_wsgi_says_what_to_do() -> None:
    done = subprocess.run(
        [sys.executable, "-S", "wsgi.py"],  # -S: without site-packages
        cwd=TOP,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 1
    assert "use `make run`" in done.stderr
    assert len(done.stderr.splitlines()) == 1


# --- Node.js --------------------------------------------------------------------------------------


@pytest.fixture
def system_node(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str | None], None]]:
    """`system_node("v18.20.4")`: only that Node.js is there, and no Python package with one."""
    monkeypatch.setattr(node, "_from_wheel", lambda: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    node.find_node.cache_clear()

    def install(version: str | None) -> None:
        if version is not None:
            write_program(tmp_path / "node", f"echo {version}")

    yield install
    node.find_node.cache_clear()


class TestNode:
    def test_one_that_is_too_old_is_refused(
        self, system_node: Callable[[str | None], None]
    ) -> None:
        system_node("v18.20.4")
        with pytest.raises(node.NodeMissingError, match=r"20\.20 or newer.* is v18\.20\.4"):
            node.find_node()

    def test_none_at_all_is_named(self, system_node: Callable[[str | None], None]) -> None:
        system_node(None)
        with pytest.raises(node.NodeMissingError, match="there is no `node`"):
            node.find_node()

    def test_a_new_one_serves(self, system_node: Callable[[str | None], None]) -> None:
        system_node("v20.20.2")
        assert node.find_node().endswith("/node")

    def test_engines_says_the_same(self) -> None:
        package = json.loads((node.FOLDER / "package.json").read_text(encoding="utf-8"))
        assert package["engines"]["node"] == ">=" + ".".join(map(str, node.OLDEST))
