"""The library versions that the code in this package was written against."""

from __future__ import annotations

import logging
from functools import cache
from importlib.metadata import PackageNotFoundError, version

log = logging.getLogger(__name__)


@cache
def is_supported(package: str, series: str) -> bool:
    """Return whether ``package`` is of this series, such as 4.15; if not, log so once.

    The caller then leaves the library as it is: less guarded, but as its makers meant it.
    """
    try:
        installed = version(package)
    except PackageNotFoundError:
        installed = "missing"
    if installed == series or installed.startswith(f"{series}."):
        return True
    log.warning(
        "%s is %s, and chatapp.transport was written for %s: connections are served without its "
        "hardening. Install what requirements.txt names.",
        package,
        installed,
        series,
    )
    return False
