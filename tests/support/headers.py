"""What every answer's headers have to say."""

from __future__ import annotations

import re
from collections.abc import Mapping

_PAGE = {
    "default-src": "'none'",
    "object-src": "'none'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}


def faults(headers: Mapping[str, str], *, static: bool = False, https: bool = False) -> list[str]:
    """What is missing or wrong, in words; nothing where all is right."""
    found = []
    policy = dict(
        part.strip().partition(" ")[::2]
        for part in headers.get("Content-Security-Policy", "").split(";")
    )
    if policy.get("default-src") != "'none'" or policy.get("frame-ancestors") != "'none'":
        found.append(f"Content-Security-Policy: {policy}")
    if re.search(r"unsafe|\*|https?:", " ".join(policy.values())):
        found.append(f"a policy too wide: {policy}")
    if headers.get("Content-Type", "").startswith("text/html"):
        found += [f"{name} {policy.get(name)}" for name in _PAGE if policy.get(name) != _PAGE[name]]
    if headers.get("X-Content-Type-Options") != "nosniff":
        found.append("X-Content-Type-Options")
    if headers.get("Referrer-Policy") not in ("same-origin", "no-referrer"):
        found.append("Referrer-Policy")
    if headers.get("Cross-Origin-Opener-Policy") != "same-origin":
        found.append("Cross-Origin-Opener-Policy")
    if not static:
        if headers.get("Cache-Control") != "no-store":
            found.append(f"Cache-Control: {headers.get('Cache-Control')}")
        if "Cookie" not in headers.get("Vary", ""):
            found.append(f"Vary: {headers.get('Vary')}")
    age = re.match(r"max-age=(\d+)", headers.get("Strict-Transport-Security", ""))
    if https != (age is not None and int(age[1]) >= 31_536_000):
        found.append(f"Strict-Transport-Security: {headers.get('Strict-Transport-Security')}")
    return found
