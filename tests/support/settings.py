"""Settings for tests, made from variables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import config
from config import Settings, SettingsError

TOP = Path(config.__file__).parent
KEY = "0123456789abcdef0123456789abcdef"


def loader(tmp_path: Path) -> Any:
    """Return `load(NAME="value", …)`: the settings made by these variables alone."""
    return lambda **environ: Settings.from_env({"INSTANCE_DIR": str(tmp_path / "i"), **environ})


def problems(load: Any, **environ: str) -> str:
    """Return the text of the SettingsError that these variables raise."""
    with pytest.raises(SettingsError) as caught:
        load(**environ)
    return str(caught.value)
