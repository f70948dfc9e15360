"""A photo as it may be kept: told by its content, small, and made anew so that only the picture is left. No Django."""

import io
import warnings
from dataclasses import dataclass

from PIL import Image, ImageOps

KINDS = ("JPEG", "PNG", "WEBP")
LARGEST_FILE = 8 * 1024 * 1024  # bytes, as it comes
MOST_PIXELS = 40_000_000  # a tiny file may unfold into a huge picture
LONGEST_SIDE = 2048  # pixels, as it is kept
QUALITY = 82


class BadPicture(ValueError):
    """Not a picture that can be kept; the message says why."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A JPEG without metadata."""

    content: bytes
    width: int
    height: int


def clean(raw: bytes) -> Picture:
    """Open by content, turn upright, shrink, and write anew. Raises BadPicture."""
    if len(raw) > LARGEST_FILE:
        raise BadPicture("a photo may have at most 8 MB")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a broken file's own making; what cannot be read is refused
            return _anew(raw)
    except BadPicture:
        raise
    except Exception:  # Pillow raises whatever the broken file leads it to
        raise BadPicture("this is not a photo we can read: JPEG, PNG or WebP") from None


def _anew(raw: bytes) -> Picture:
    with Image.open(io.BytesIO(raw), formats=KINDS) as opened:
        if opened.width * opened.height > MOST_PIXELS:
            raise BadPicture("a photo may have at most 40 million pixels")
        opened.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
        upright = ImageOps.exif_transpose(opened).convert("RGB")
    upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    bare = Image.new("RGB", upright.size)
    bare.paste(upright)
    written = io.BytesIO()
    bare.save(written, "JPEG", quality=QUALITY)
    return Picture(written.getvalue(), *bare.size)
