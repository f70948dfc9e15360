"""A process that lives long settles once."""

import gc

from django.apps import apps

from warning_center import longlived


def test_what_has_been_loaded_is_no_longer_looked_through() -> None:
    before = gc.get_freeze_count()
    kept = [[] for _ in range(1_000)]  # type: ignore[var-annotated]
    longlived.settle(sender="a worker, say")
    assert gc.get_freeze_count() >= before + len(kept)


def test_a_start_looks_for_garbage_once_all_is_imported() -> None:
    gc.disable()
    try:
        apps.get_app_config("admin").ready()
        assert gc.isenabled()
    finally:
        gc.enable()
