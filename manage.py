#!/usr/bin/env python
"""Django's command line."""

import gc
import os
import sys


def main() -> None:
    """Run one administrative command."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "warning_center.settings")
    gc.disable()  # until all is imported (warning_center.apps): it took a fifth of a start
    try:
        from django.core.management import execute_from_command_line

        from warning_center.management import staged
    except ImportError as error:
        message = "Django is not installed here. Run `make setup`, then use .venv/bin/python."
        raise ImportError(message) from error
    with staged.stage(sys.argv):
        execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
