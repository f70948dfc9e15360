"""Secret keys: from the environment, or made once for a try-out and kept beside its database."""

import base64
import json
import os
import secrets
from pathlib import Path
from typing import TypedDict


class Keys(TypedDict):
    secret: str
    sealing: dict[str, bytes]
    index: bytes


def read(environ: dict[str, str], home: Path) -> Keys:
    """SECRET_KEY, SEALING_KEYS (`name:base64,name:base64`, the last one seals) and INDEX_KEY (base64).

    What the environment lacks comes from `home/keys.json`, made on first use and readable by its owner only.
    """
    names = ("SECRET_KEY", "SEALING_KEYS", "INDEX_KEY")
    text = {name: environ[name] for name in names if environ.get(name)}
    if len(text) < len(names):
        text = {**_kept(home / "keys.json"), **text}
    pairs = (entry.split(":", 1) for entry in text["SEALING_KEYS"].split(","))
    return Keys(
        secret=text["SECRET_KEY"],
        sealing={name: base64.b64decode(key) for name, key in pairs},
        index=base64.b64decode(text["INDEX_KEY"]),
    )


def _kept(path: Path) -> dict[str, str]:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        made = {
            "SECRET_KEY": secrets.token_urlsafe(50),
            "SEALING_KEYS": f"k1:{base64.b64encode(secrets.token_bytes(32)).decode()}",
            "INDEX_KEY": base64.b64encode(secrets.token_bytes(32)).decode(),
        }
        draft = path.with_suffix(f".{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(json.dumps(made))
        try:
            os.link(draft, path)  # the first of several starting processes wins
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    kept: dict[str, str] = json.loads(path.read_text())
    return kept
