"""gunicorn's reading of HTTP (read in 25.3) with bounds, and giving way to other tasks.

A chunked body may have any number of chunks of one byte, a line of a chunk's size and the trailers
may never end, and nothing gives way while data is there.
"""

from __future__ import annotations

from io import BytesIO
from typing import Any

from gunicorn.http.body import ChunkedReader, LengthReader
from gunicorn.http.errors import InvalidChunkSize, ParseException
from gunicorn.http.unreader import SocketUnreader

from chatapp.core import concurrency
from chatapp.core.errors import BadRequest

#: Chunks of one body. Clients send some kilobytes in each.
MAX_CHUNKS = 16_384
#: Bytes of a line with a chunk's size, and of the trailers.
MAX_CHUNK_LINE = 8 * 1024


class YieldingUnreader(SocketUnreader):  # type: ignore[misc]
    """Reads from a client's connection, and lets other tasks run each time."""

    def chunk(self) -> bytes:
        """Return the next bytes of the connection."""
        concurrency.wait(0)
        received: bytes = super().chunk()
        return received


class _BoundedChunks(ChunkedReader):  # type: ignore[misc]
    """A chunked body. Raises BadRequest where it is malformed."""

    _chunks = 0

    def read(self, size: int) -> bytes:
        try:
            data: bytes = super().read(size)
        except ParseException as exc:
            raise BadRequest(f"The request's body can't be read: {exc}.") from None
        return data

    def parse_chunk_size(self, unreader: Any, data: bytes | None = None) -> Any:
        self._chunks += 1
        if self._chunks > MAX_CHUNKS:
            raise InvalidChunkSize(b"too many chunks")
        return super().parse_chunk_size(unreader, data)

    def get_data(self, unreader: Any, buf: BytesIO) -> None:
        if buf.tell() > MAX_CHUNK_LINE:
            raise InvalidChunkSize(b"too long")
        super().get_data(unreader, buf)


def bound_chunks(request: Any) -> None:
    """Bound the chunks of this request's body, before it is read."""
    if type(request.body.reader) is ChunkedReader:
        request.body.reader = _BoundedChunks(request, request.unreader)


def is_body_received(request: Any) -> bool:
    """Return whether the application has read this request's body to its end."""
    reader = request.body.reader
    if isinstance(reader, LengthReader):
        return int(reader.length) == 0
    return not isinstance(reader, ChunkedReader) or reader.parser is None


def has_request_ahead(request: Any) -> bool:
    """Return whether the client has sent more before it got this request's answer."""
    return bool(request.unreader.buf.tell())
