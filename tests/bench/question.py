"""One question asked inside the program: `python -m tests.bench.question NAME` prints its rows as JSON lines."""

import importlib
import json
import os
import sys

import django

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "warning_center.settings")
    django.setup()
    for row in importlib.import_module(f"tests.bench.{sys.argv[1]}").measure():
        sys.stdout.write(json.dumps(row.as_json()) + "\n")
        sys.stdout.flush()
