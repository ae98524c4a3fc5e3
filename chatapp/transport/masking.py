"""Unmasking WebSocket frames in native code: two big integers in place of a loop over bytes."""

from __future__ import annotations

from collections.abc import Sequence

#: Bytes at a time, so that the numbers in between stay small beside the message.
_CHUNK = 32 * 1024  # a multiple of the mask's length


def unmask(data: bytes, mask: Sequence[int], length: int | None = None, offset: int = 0) -> bytes:
    """Take the mask off ``data`` (or put it on), which begins ``offset`` bytes into its frame."""
    if length is not None:
        data = data[:length]
    shift = offset % 4
    key = bytes((*mask[shift:], *mask[:shift]))
    if len(data) <= _CHUNK:
        return _xor(data, key)
    return b"".join(
        _xor(data[start : start + _CHUNK], key) for start in range(0, len(data), _CHUNK)
    )


def _xor(data: bytes, key: bytes) -> bytes:
    size = len(data)
    keys = (key * (size // 4 + 1))[:size]
    number = int.from_bytes(data, "little") ^ int.from_bytes(keys, "little")
    return number.to_bytes(size, "little")
