"""From bytes that somebody sent to a picture of ours: looked at, turned, cut, and encoded anew.

Nothing of the original is kept but its pixels, so what was hidden in it (a page, a script, where it
was taken) is gone. The size is looked at before anything is decoded. What computes here runs in a
real thread, one picture at a time: that bounds the memory too.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from io import BytesIO
from typing import Literal

from PIL import Image, ImageOps, UnidentifiedImageError, WebPImagePlugin  # noqa: F401  (else its first use loads all)

from chatapp.core.errors import ChatError, UnsupportedMediaType, ValidationFailed

Purpose = Literal["profile", "background", "group"]

#: By format. A JPEG is decoded smaller at once; the others take up to 20 bytes a pixel on the way.
MOST_PIXELS = {"JPEG": 40_000_000, "PNG": 16_000_000, "WEBP": 16_000_000, "GIF": 16_000_000}
#: Pictures of people and groups are squares of so many pixels a side, at most.
SQUARE = 256
#: The long side of a background, at most.
LONGEST = 1920
MIME_TYPE = "image/webp"
#: A photograph that loads gradually has about ten; thousands of them keep a processor for minutes.
MOST_SCANS = 100
_QUALITY = 82
_START_OF_SCAN = b"\xff\xda"

_UNKNOWN = "This isn't a picture that can be shown: choose a JPEG, PNG, WebP or GIF."
_DAMAGED = "This picture is damaged. Choose another, or save it anew first."

# Pillow warns of sizes that are refused here anyway.
warnings.simplefilter("ignore", Image.DecompressionBombWarning)


@dataclass(frozen=True, slots=True)
class Remade:
    """A picture as it is kept."""

    data: bytes
    width: int
    height: int
    mime_type: str = MIME_TYPE


def remake(data: bytes, purpose: Purpose) -> Remade:
    """The picture in ``data``, by its content, as it is kept for this purpose.

    Of a moving one it is the first frame. Raises UnsupportedMediaType for what is no picture,
    ValidationFailed for one that is damaged or too large to be decoded.
    """
    try:
        with Image.open(BytesIO(data), formats=tuple(MOST_PIXELS)) as image:
            _check(image, data)
            return _encoded(_turned(_cut(image, purpose)))
    except UnidentifiedImageError:
        raise UnsupportedMediaType(_UNKNOWN) from None
    except Image.DecompressionBombError:
        raise _too_large(max(MOST_PIXELS.values())) from None
    except ChatError:
        raise
    except Exception:  # whatever a damaged file makes a decoder raise
        raise ValidationFailed(fields={"file": _DAMAGED}) from None


def _check(image: Image.Image, data: bytes) -> None:
    width, height = image.size
    most = MOST_PIXELS[_format(image)]
    if width * height > most:
        raise _too_large(most)
    if _format(image) == "JPEG" and data.count(_START_OF_SCAN) > MOST_SCANS:
        raise ValidationFailed(fields={"file": _DAMAGED})


def _format(image: Image.Image) -> str:
    """JPEG also for several of them in one file, as some cameras make (MPO)."""
    return image.format if image.format in MOST_PIXELS else "JPEG"


def _too_large(most: int) -> ValidationFailed:
    words = f"This picture has more than {most // 1_000_000} megapixels. Make it smaller first."
    return ValidationFailed(fields={"file": words})


def _cut(image: Image.Image, purpose: Purpose) -> Image.Image:
    """The part that is kept, in the size in which it is kept, not yet turned."""
    longest = LONGEST if purpose == "background" else SQUARE
    image.draft("RGB", _wanted(image.size, longest, purpose))  # a JPEG is decoded smaller at once
    width, height = image.size
    box = (0.0, 0.0, float(width), float(height))
    if purpose != "background":
        side = min(width, height)
        left, top = (width - side) / 2, (height - side) / 2
        box = (left, top, left + side, top + side)
    size = _wanted((width, height), longest, purpose)
    return _plain(image).resize(size, Image.Resampling.LANCZOS, box=box, reducing_gap=3.0)


def _wanted(size: tuple[int, int], longest: int, purpose: Purpose) -> tuple[int, int]:
    """The size in the end of a picture of this size; none is made larger."""
    width, height = size
    if purpose != "background":
        side = min(width, height, longest)
        return side, side
    scale = min(1.0, longest / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


def _plain(image: Image.Image) -> Image.Image:
    """In a mode that can be scaled and encoded."""
    if image.mode in ("RGB", "RGBA", "L"):
        return image
    return image.convert("RGBA" if image.has_transparency_data else "RGB")


def _turned(image: Image.Image) -> Image.Image:
    """As the camera says that it was held; a camera that says nonsense says nothing."""
    try:
        return ImageOps.exif_transpose(image)
    except Exception:
        return image


def _encoded(image: Image.Image) -> Remade:
    file = BytesIO()
    image.info = {}
    image.save(file, "WEBP", quality=_QUALITY, method=4, exif=b"", icc_profile=b"", xmp=b"")
    return Remade(file.getvalue(), *image.size)
