"""How many examples a property is tried on: a few in the gate, EXAMPLES times as many in a search for new ones."""

import os

TIMES = int(os.environ.get("EXAMPLES", "1"))


def few(count: int) -> int:
    """For `max_examples`, of a property whose examples take long."""
    return count * TIMES
