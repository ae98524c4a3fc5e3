"""Decode an uploaded image, crop and scale it, and encode it anew.

Only the pixels of the original are kept, so anything hidden in it (a page, a script, the place it
was taken) is gone. The size is checked before anything is decoded. This code runs in a real
thread, one picture at a time, which also limits the memory it needs.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from io import BytesIO
from typing import Literal

from PIL import Image, ImageOps, UnidentifiedImageError, WebPImagePlugin  # noqa: F401  (otherwise its first use loads all)

from chatapp.core.errors import ChatError, UnsupportedMediaType, ValidationFailed

Purpose = Literal["profile", "background", "group"]

#: By format. A JPEG is scaled down while decoding; others take up to 20 bytes per pixel.
MAX_PIXELS = {"JPEG": 40_000_000, "PNG": 16_000_000, "WEBP": 16_000_000, "GIF": 16_000_000}
#: The largest side of the square pictures of people and groups, in pixels.
SQUARE_SIDE = 256
#: The longer side of a background, in pixels.
MAX_BACKGROUND_SIDE = 1920
MIME_TYPE = "image/webp"
#: A progressive JPEG has about ten scans; decoding thousands would take minutes.
MAX_SCANS = 100
_QUALITY = 82
_START_OF_SCAN = b"\xff\xda"

_UNKNOWN = "This file isn't a picture we can show. Choose a JPEG, PNG, WebP or GIF."
_DAMAGED = "This picture is damaged. Choose another one, or save it again first."

# Pillow warns about sizes that are refused here anyway.
warnings.simplefilter("ignore", Image.DecompressionBombWarning)


@dataclass(frozen=True, slots=True)
class EncodedImage:
    """A picture as it is stored."""

    data: bytes
    width: int
    height: int
    mime_type: str = MIME_TYPE


def reencode(data: bytes, purpose: Purpose) -> EncodedImage:
    """Return the picture in ``data``, cropped, scaled and encoded for this purpose.

    The format is detected from the content. Only the first frame of an animation is kept. Raises
    UnsupportedMediaType if it isn't a picture, ValidationFailed if it is damaged or too large.
    """
    try:
        with Image.open(BytesIO(data), formats=tuple(MAX_PIXELS)) as image:
            _check(image, data)
            return _encode(_apply_orientation(_crop_and_scale(image, purpose)))
    except UnidentifiedImageError:
        raise UnsupportedMediaType(_UNKNOWN) from None
    except Image.DecompressionBombError:
        raise _too_large(max(MAX_PIXELS.values())) from None
    except ChatError:
        raise
    except Exception:  # a damaged file can make a decoder raise anything
        raise ValidationFailed(fields={"file": _DAMAGED}) from None


def _check(image: Image.Image, data: bytes) -> None:
    width, height = image.size
    most = MAX_PIXELS[_format(image)]
    if width * height > most:
        raise _too_large(most)
    if _format(image) == "JPEG" and data.count(_START_OF_SCAN) > MAX_SCANS:
        raise ValidationFailed(fields={"file": _DAMAGED})


def _format(image: Image.Image) -> str:
    """Return the format; JPEG also for a file with several of them (MPO), as some cameras make."""
    return image.format if image.format in MAX_PIXELS else "JPEG"


def _too_large(most: int) -> ValidationFailed:
    message = f"This picture has more than {most // 1_000_000} megapixels. Make it smaller first."
    return ValidationFailed(fields={"file": message})


def _crop_and_scale(image: Image.Image, purpose: Purpose) -> Image.Image:
    """Return the part that is kept, in its final size, before applying the orientation."""
    longest = MAX_BACKGROUND_SIDE if purpose == "background" else SQUARE_SIDE
    image.draft(
        "RGB", _target_size(image.size, longest, purpose)
    )  # scales a JPEG down while decoding
    width, height = image.size
    box = (0.0, 0.0, float(width), float(height))
    if purpose != "background":
        side = min(width, height)
        left, top = (width - side) / 2, (height - side) / 2
        box = (left, top, left + side, top + side)
    size = _target_size((width, height), longest, purpose)
    return _to_encodable_mode(image).resize(
        size, Image.Resampling.LANCZOS, box=box, reducing_gap=3.0
    )


def _target_size(size: tuple[int, int], longest: int, purpose: Purpose) -> tuple[int, int]:
    """Return the final size of a picture of this size; pictures are never enlarged."""
    width, height = size
    if purpose != "background":
        side = min(width, height, longest)
        return side, side
    scale = min(1.0, longest / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


def _to_encodable_mode(image: Image.Image) -> Image.Image:
    """Convert to a mode that can be scaled and encoded."""
    if image.mode in ("RGB", "RGBA", "L"):
        return image
    return image.convert("RGBA" if image.has_transparency_data else "RGB")


def _apply_orientation(image: Image.Image) -> Image.Image:
    """Rotate as the camera recorded; ignore invalid orientation data."""
    try:
        return ImageOps.exif_transpose(image)
    except Exception:
        return image


def _encode(image: Image.Image) -> EncodedImage:
    file = BytesIO()
    image.info = {}
    image.save(file, "WEBP", quality=_QUALITY, method=4, exif=b"", icc_profile=b"", xmp=b"")
    return EncodedImage(file.getvalue(), *image.size)
