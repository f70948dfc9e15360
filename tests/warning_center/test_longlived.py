"""A process that lives long settles once."""

import gc

from warning_center import longlived


def test_what_has_been_loaded_is_no_longer_looked_through() -> None:
    before = gc.get_freeze_count()
    kept = [[] for _ in range(1_000)]  # type: ignore[var-annotated]
    longlived.settle(sender="a worker, say")
    assert gc.get_freeze_count() >= before + len(kept)
