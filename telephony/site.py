"""The relay as the settings have it: its page, rendered once in each language, the files beside it, its ways."""

import time
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles import finders
from django.template.loader import render_to_string
from django.utils import translation

from telephony import clock
from telephony.video.lobby import Lobby
from telephony.video.relay import Relay, Site
from telephony.video.turn import Ways

FILES = {"person.css": "text/css", "person.js": "text/javascript", "peer.js": "text/javascript"}


def relay(secret: str) -> Relay:
    """A new one, empty; `secret` is shared with the centre."""
    return Relay(Lobby(), site(), secret=secret, ways=Ways(**settings.VIDEO), now=time.monotonic, wall=_wall)


def site() -> Site:
    """What a phone is served. It names nobody, so it is the same for all."""
    pages = {}
    for language, _ in settings.LANGUAGES:
        with translation.override(language):
            pages[language] = render_to_string("video/person.html")
    return Site(pages, {name: (kind, _read(name)) for name, kind in FILES.items()})


def _read(name: str) -> bytes:
    found = finders.find(f"video/{name}")
    if not isinstance(found, str):
        raise FileNotFoundError(name)
    return Path(found).read_bytes()


def _wall() -> float:
    return clock.wall().timestamp()
