"""The rules about files that CONTRIBUTING.md states."""

from __future__ import annotations

import re

from tests.support.process import TOP

MAX_LINES = 350
MAX_ROOT_MODULES = 10


def test_no_file_is_too_long():
    folders = [TOP / "chatapp", TOP / "tests"]
    files = [*TOP.glob("*.py"), *(path for folder in folders for path in folder.rglob("*.py"))]
    lines = {
        str(path.relative_to(TOP)): path.read_text(encoding="utf-8").count("\n")
        for path in files
        if "node_modules" not in path.parts
    }
    assert {path: count for path, count in lines.items() if count > MAX_LINES} == {}


def test_the_root_package_has_few_modules():
    assert len(list((TOP / "chatapp").glob("*.py"))) <= MAX_ROOT_MODULES


def test_no_test_module_imports_another():
    """What several need lives in tests/support."""
    others = re.compile(r"^\s*(?:from|import) (?:tests(?!\.support\b)[. ]|\.)", re.MULTILINE)
    found = {
        str(path.relative_to(TOP)): others.findall(path.read_text(encoding="utf-8"))
        for path in (TOP / "tests").rglob("*.py")
        if "node_modules" not in path.parts
    }
    assert {path: imports for path, imports in found.items() if imports} == {}
