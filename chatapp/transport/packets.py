"""Socket.IO packets (python-socketio, read in 5.18), refused in one way when they are malformed.

The library raises whatever its parser stumbles over, some of it only once the packet is handled.
"""

from __future__ import annotations

from typing import Any

from socketio import packet

#: The largest id of a packet: what JavaScript counts exactly.
_MAX_ID = 2**53


class MalformedPacketError(Exception):
    """A packet that no client of this protocol sends."""


class Packet(packet.Packet):  # type: ignore[misc]
    """A Socket.IO packet. Raises MalformedPacketError where one that came in can't be read."""

    def decode(self, encoded_packet: Any) -> int:
        """Decode a packet, and check what its handlers rely on."""
        attachments = 0
        problem = ""
        try:
            attachments = super().decode(encoded_packet) or 0
        except (ValueError, TypeError, IndexError, RecursionError) as exc:
            # Not `from exc`: it would keep the packet, and all that it was parsed into, alive.
            problem = type(exc).__name__
        if problem or not self._is_sound():
            raise MalformedPacketError(problem or f"type {self.packet_type!r}"[:60])
        return attachments

    def _is_sound(self) -> bool:
        if (self.id or 0) > _MAX_ID:
            return False
        match self.packet_type:
            case packet.CONNECT | packet.DISCONNECT:
                return True
            case packet.EVENT | packet.BINARY_EVENT:
                return isinstance(self.data, list) and bool(self.data)
            case packet.ACK | packet.BINARY_ACK:
                return isinstance(self.data, list)
            case _:
                return False
