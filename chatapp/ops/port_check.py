"""Check that the port is free, and propose another one if it isn't."""

from __future__ import annotations

import errno
import socket

from chatapp.ops.errors import NotReady


def check_port(host: str, port: int) -> None:
    """Raise NotReady unless this address can be listened on."""
    try:
        _bind(host, port)
    except OSError as exc:
        raise NotReady(_explain(host, port, exc)) from None


def _bind(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((host, port))


def _explain(host: str, port: int, exc: OSError) -> str:
    if exc.errno == errno.EADDRINUSE:
        other = _free_port_after(host, port)
        return (
            f"port {port} on {host} is in use, perhaps by a chatapp that is still running.\n"
            f"Stop that program, or choose another port: PORT={other} make run"
        )
    if exc.errno == errno.EACCES:
        return f"port {port} needs more rights. Choose one from 1024 on: PORT=5000 make run"
    return f"HOST={host} isn't an address of this computer ({exc.strerror or exc})."


def _free_port_after(host: str, port: int) -> int:
    for other in range(port + 1, min(port + 100, 65535)):
        try:
            _bind(host, other)
        except OSError:
            continue
        return other
    return 8000
