"""Pictures to send: photographs as cameras make them, and files that are none."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO

from PIL import Image, ImageDraw

ORIENTATION = 0x0112
GPS = 0x8825
MAKER = "made by a camera of Alice's"


def photo(
    format_: str = "JPEG",
    size: tuple[int, int] = (640, 480),
    *,
    colour: str = "seagreen",
    orientation: int | None = None,
    mode: str = "RGB",
) -> bytes:
    """A picture that is red at the left, else of this colour; with what cameras write into it."""
    image = Image.new("RGB", size, colour)
    ImageDraw.Draw(image).rectangle((0, 0, size[0] // 4, size[1]), fill="red")
    exif = Image.Exif()
    exif[0x010F] = MAKER
    if orientation is not None:
        exif[ORIENTATION] = orientation
    exif[GPS] = {1: "N", 2: (48.0, 12.0, 30.0)}
    file = BytesIO()
    more = {} if format_ == "GIF" else {"exif": exif}
    image.convert(mode).save(file, format_, **more)
    return file.getvalue()


def png_of_size(width: int, height: int) -> bytes:
    """A PNG of a few bytes that says it is so large."""

    def chunk(name: bytes, data: bytes) -> bytes:
        checked = name + data
        return struct.pack(">I", len(data)) + checked + struct.pack(">I", zlib.crc32(checked))

    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
            chunk(b"IDAT", zlib.compress(b"\0" * 1000)),
            chunk(b"IEND", b""),
        )
    )
