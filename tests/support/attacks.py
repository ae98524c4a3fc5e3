"""What attackers send, where more than one test sends it."""

from __future__ import annotations

#: Values of `next` that lead elsewhere, or that a careless check takes for a path of this site.
EVIL_NEXT = (
    "//evil.example",
    "///evil.example",
    "////evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "\\/evil.example",
    "https:evil.example",
    "https:/evil.example",
    "https://evil.example",
    "HTTPS://evil.example/chats",
    "%2f%2fevil.example",
    "/%2f%2fevil.example",
    "/%5cevil.example",
    "\t//evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "/\r\n/evil.example",
    " //evil.example",
    "/ /evil.example",
    "/chats\r\nX-Evil: 1",
    "javascript:alert(1)",
    "data:text/html,x",
    "@evil.example",
    ".evil.example",
    "evil.example",
    "/..//evil.example",
    "/x/..//evil.example",
    "/.//evil.example",
    "/\u2028/evil.example",
    "/\x00/evil.example",
    "/\x85/evil.example",
    "//evil.example/%2e%2e",
    "/@evil.example",
    "http://[::1",
    "//",
    "?next=//evil.example",
)


def foreign_origins(ours: str) -> list[str]:
    """Origins that are neither ours nor https://friend.example, but look like them."""
    host = ours.removeprefix("http://").partition(":")[0]
    return [
        "https://evil.example",
        "null",
        "",
        "file://",
        "https://sub.friend.example",
        "https://friend.example.evil.example",
        "https://evilfriend.example",
        "https://friend.example:8443",
        "http://friend.example",
        "https://friend.example@evil.example",
        "https://friend.exampl",
        f"http://{host}",
        f"{ours}1",
        f"http://sub.{ours.removeprefix('http://')}",
        f"{ours}.evil.example",
        f"{ours}@evil.example",
        f"{ours}, https://evil.example",
        f"{ours}/evil",
        "*",
    ]
