"""bin/install and what it shares with bin/install-test-tools: old environments, no network, apt."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.support.process import TOP
from tests.support.programs import write_program


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
