"""The setup code, which makes somebody this server's administrator: a file in INSTANCE_DIR.

The first start makes it, and every start prints it until it was used. Only the standard library is
needed here: `prepare` must be quick.
"""

from __future__ import annotations

import hmac
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# Crockford's: no letter that looks like a digit.
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_READ_AS = str.maketrans("OIL", "011", " -\t")


def path(instance_dir: Path) -> Path:
    """Return where the code is kept."""
    return instance_dir / "setup_code"


def make(instance_dir: Path) -> None:
    """Make a code, unless there is one."""
    instance_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    code = "-".join("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(4))
    try:
        file = os.open(path(instance_dir), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(file, "w") as writer:
        writer.write(code + "\n")


def read(instance_dir: Path) -> str | None:
    """Return the code, if there is one that nobody has used."""
    try:
        return path(instance_dir).read_text(encoding="ascii", errors="replace").strip() or None
    except FileNotFoundError:
        return None


def matches(code: str, typed: str) -> bool:
    """Return whether this is the code, however it was typed."""
    return hmac.compare_digest(_bare(code).encode(), _bare(typed).encode())


def discard(instance_dir: Path) -> None:
    """Delete the code."""
    path(instance_dir).unlink(missing_ok=True)


@contextmanager
def claimed(instance_dir: Path) -> Iterator[bool]:
    """Claim the code for this block, which gets whether it succeeded; put it back if it raises."""
    mine = path(instance_dir).with_name(f"setup_code.{secrets.token_hex(4)}")
    try:
        path(instance_dir).rename(mine)
    except FileNotFoundError:
        yield False
        return
    try:
        yield True
    except BaseException:
        mine.rename(path(instance_dir))
        raise
    mine.unlink()


def _bare(text: str) -> str:
    return text.upper().translate(_READ_AS)
