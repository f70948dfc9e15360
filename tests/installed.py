"""Programs that tests need beside Python: packages.txt names them, `make packages` installs them."""

import os
import shutil

import pytest


def needed(*names: str) -> str:
    """Where the first of them is. Where none is the test is skipped, and fails where everything has to be there."""
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        without = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        without(f"{names[0]} is not installed; packages.txt names what the tests need.")
    return found
