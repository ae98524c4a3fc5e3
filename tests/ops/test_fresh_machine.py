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
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from tests.support import node
from tests.support.clone import repository_files
from tests.support.process import TOP, end_group
from tests.support.waiting import free_port, wait_until


def write_program(path: Path, text: str) -> None:
    """Make an executable shell script."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)


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


# --- bin/install ----------------------------------------------------------------------------------


@pytest.fixture
def requirements(tmp_path: Path) -> Path:
    """A file that asks for nothing, so that no network is needed."""
    path = tmp_path / "requirements.txt"
    path.write_text("# nothing\n", encoding="utf-8")
    return path


def install(venv: Path, requirements: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bin/install", venv, requirements],
        cwd=TOP,
        env={
            **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
            "PYTHON": sys.executable,
            **environ,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
        timeout=120,
    )


def rebuilds(folder: Path) -> bool:
    """Whether make would call bin/install in ``folder``."""
    told = subprocess.check_output(
        ["make", "-n", ".venv/runtime"], cwd=folder, stderr=subprocess.STDOUT, encoding="utf-8"
    )
    return "bin/install" in told


@pytest.fixture(scope="module")
def made_venv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment that bin/install made, to be copied: making one takes seconds."""
    folder = tmp_path_factory.mktemp("made")
    requirements = folder / "requirements.txt"
    requirements.write_text("# nothing\n", encoding="utf-8")
    done = install(folder / ".venv", requirements)
    assert done.returncode == 0, done.stdout
    assert "Making the virtual environment" in done.stdout
    return folder / ".venv"


@pytest.mark.slow
class TestInstall:
    def test_an_environment_whose_python_is_gone_is_made_again(
        self, tmp_path: Path, requirements: Path, made_venv: Path
    ) -> None:
        venv = tmp_path / "folder" / ".venv"
        venv.parent.mkdir()
        for name in ("Makefile", "requirements.txt", "bin"):
            target = venv.parent / name
            (shutil.copytree if (TOP / name).is_dir() else shutil.copy2)(TOP / name, target)
        shutil.copytree(made_venv, venv, symlinks=True)
        (venv / "runtime").touch()
        assert not rebuilds(venv.parent)
        python = venv / "bin" / "python"
        idle = tmp_path / "idle"  # a Python that makes no environment, but is new enough
        write_program(idle, '[ "$1" = -c ]')

        def is_made_again(**environ: str) -> None:
            assert rebuilds(venv.parent)
            done = install(venv, requirements, **environ)
            assert (done.returncode == 0) is (not environ), done.stdout
            assert "Making it again" in done.stdout

        # A newer Python under the same name looks into a folder of its own.
        (packages,) = (venv / "lib").glob("python3.*")
        packages.rename(packages.with_name("python3.0"))
        is_made_again(PYTHON=str(idle))

        packages.with_name("python3.0").rename(packages)
        assert not rebuilds(venv.parent)
        python.unlink()
        python.symlink_to(tmp_path / "python that was removed")
        is_made_again(PYTHON=str(idle))

        packages.rename(packages.with_name("python3.0"))
        is_made_again()  # in truth, with both
        subprocess.run([python, "-m", "pip", "--version"], check=True, capture_output=True)
        assert not (venv / "runtime").exists()
        assert not (venv / "lib" / "python3.0").exists()

        (venv / "runtime").touch()
        moved = tmp_path / "moved"
        venv.parent.rename(moved)
        assert not rebuilds(moved)

    def test_without_a_network_it_says_so(self, tmp_path: Path, made_venv: Path) -> None:
        shutil.copytree(made_venv, tmp_path / ".venv", symlinks=True)
        requirements = tmp_path / "requirements.txt"
        requirements.write_text("chatapp-needs-this==1.0\n", encoding="utf-8")
        done = install(
            tmp_path / ".venv",
            requirements,
            PIP_CONFIG_FILE=os.devnull,
            PIP_INDEX_URL="http://127.0.0.1:1/simple",
            PIP_RETRIES="1",
        )
        assert done.returncode == 1
        assert "needs a network" in done.stdout
        assert "chatapp-needs-this" in done.stdout

    def test_a_folder_that_cannot_be_written_is_named(self, requirements: Path) -> None:
        with tempfile.TemporaryDirectory() as name:  # pytest's own can't be entered by others
            folder = Path(name)
            shutil.copytree(TOP / "bin", folder / "bin")
            for path in (*folder.rglob("*"), folder):
                path.chmod(0o555)
            try:
                done = subprocess.run(
                    ["bin/install", ".venv", "requirements.txt"],
                    cwd=folder,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    encoding="utf-8",
                    check=False,
                    **({"user": 65534, "group": 65534} if os.geteuid() == 0 else {}),
                )
            finally:
                for path in (folder, *folder.rglob("*")):
                    path.chmod(0o755)
        assert done.returncode == 1
        assert f"can't write to the folder {folder}" in done.stdout
        assert "writable once" in done.stdout

    @pytest.mark.parametrize(
        ("ending", "code", "told"),
        [
            ("exit 0", 0, ""),
            ("echo 'E: Unable to locate package'; exit 100", 1, "E: Unable to locate package"),
            (
                "echo \"Temporary failure resolving 'mirror'\"; exit 100",
                1,
                "apt-get can't reach its server: installing needs a network",
            ),
        ],
    )
    def test_apt_get_is_quiet_unless_it_fails(
        self, tmp_path: Path, ending: str, code: int, told: str
    ) -> None:
        programs = tmp_path / "bin"
        write_program(programs / "sudo", 'shift\nexec "$@"')  # sudo -n …
        write_program(programs / "apt-get", f'seq 1000\n[ "$1" = update ] || {{ {ending}; }}')
        done = subprocess.run(
            ["sh", "-c", ". bin/functions.sh; apt_install postgresql"],
            cwd=TOP,
            env={"PATH": f"{programs}:{os.environ['PATH']}"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            check=False,
        )
        assert done.returncode == code, done.stdout
        assert told in done.stdout
        assert len(done.stdout.splitlines()) < 20

    @pytest.mark.parametrize("script", ["install", "install-test-tools"])
    def test_hints_begin_with_an_update(self, script: str) -> None:
        text = (TOP / "bin" / script).read_text(encoding="utf-8")
        hints = [line for line in text.splitlines() if "sudo apt-get install" in line]
        assert hints
        assert all("apt-get update && sudo apt-get install" in line for line in hints)
