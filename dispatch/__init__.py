"""The case: from an assessed directive to its closure."""
