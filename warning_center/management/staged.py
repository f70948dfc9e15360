"""Commands on a throw-away database: the same again, in a process whose settings name nothing that lasts."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping

MARK = "WARNING_CENTER_STAGED"
NOBODYS_KEYS = {  # of a database that is thrown away, so that two runs are alike
    "SECRET_KEY": "nobody's",
    "SEALING_KEYS": "k1:bm9ib2R5J3Mga2V5LCBub2JvZHkncyBrZXksIG5vYm8=",
    "INDEX_KEY": "bm9ib2R5J3Mga2V5LCBub2JvZHkncyBrZXksIG5vYm8=",
}


def is_staged() -> bool:
    """Whether this process is the one that was started to do the work."""
    return os.environ.get(MARK) == "1"


def again(*, database: str = "", env: Mapping[str, str] | None = None) -> int:
    """Run this same command so; its exit status. `database` is another one than SQLite's in memory."""
    with tempfile.TemporaryDirectory(prefix="warning-center-staged-") as home:
        stage = {
            **os.environ,
            **NOBODYS_KEYS,
            MARK: "1",
            "WARNING_CENTER_HOME": home,
            "DATABASE_URL": database or "sqlite://:memory:",
            "REDIS_URL": "",
            "CLOCK": "telephony.clock.moving",
            **(env or {}),
        }
        stage.pop("TWILIO_ACCOUNT_SID", None)
        return subprocess.run([sys.executable, *sys.argv], env=stage, check=False).returncode
