"""How the record is counted: the lives of a chain's cases, what each directive counts as, and under which keys."""
