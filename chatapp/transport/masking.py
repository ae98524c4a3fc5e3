"""Unmasking in native code: two big integers in place of a loop over bytes."""

from __future__ import annotations

from collections.abc import Sequence

#: Bytes at once, so that the numbers in between stay small beside the message.
_SLICE = 32 * 1024  # a multiple of the mask's length


def unmask(data: bytes, mask: Sequence[int], length: int | None = None, offset: int = 0) -> bytes:
    """``data`` with the mask taken off (or put on); it stands ``offset`` bytes into its frame."""
    if length is not None:
        data = data[:length]
    turn = offset % 4
    key = bytes((*mask[turn:], *mask[:turn]))
    if len(data) <= _SLICE:
        return _xor(data, key)
    return b"".join(
        _xor(data[start : start + _SLICE], key) for start in range(0, len(data), _SLICE)
    )


def _xor(data: bytes, key: bytes) -> bytes:
    size = len(data)
    keys = (key * (size // 4 + 1))[:size]
    number = int.from_bytes(data, "little") ^ int.from_bytes(keys, "little")
    return number.to_bytes(size, "little")
