"""The scripts' helpers give the same answers as the template filters.

`tests/web/test_template_helpers.py` runs the same cases with the template filters. Hours
have two digits in the cases: scripts write shorter ones as the reader's locale does.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

HERE = Path(__file__).parent
CASES = HERE.parent / "support/parity_cases.json"


def test_the_scripts_helpers_answer_each_case(node: str) -> None:
    answered = subprocess.run(
        [node, "parity.mjs"],
        cwd=HERE,
        env={**os.environ, "TZ": "UTC", "LC_ALL": "en_GB.UTF-8"},
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    answers = json.loads(answered.stdout)
    cases = json.loads(CASES.read_text(encoding="utf-8"))
    assert answers.keys() == cases.keys()
    for name, rows in cases.items():
        for (given, expected), answer in zip(rows, answers[name], strict=True):
            assert answer == expected, (name, given)
