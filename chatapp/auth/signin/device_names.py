"""Readable names for user agents."""

from __future__ import annotations


def device_name(user_agent: str) -> str:
    """Return a name such as "Firefox on Windows", or the program's own name."""
    # Imported late: its patterns take 0.2 s and 6 MB, and only the list of sign-ins needs them.
    from ua_parser import parse_os, parse_user_agent

    browser, system = parse_user_agent(user_agent), parse_os(user_agent)
    if browser and system:
        return f"{browser.family} on {system.family}"
    for part in (browser, system):
        if part:
            return part.family
    return user_agent.partition(" ")[0].partition("/")[0][:40] or "Unknown device"
