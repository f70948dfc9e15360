"""Django's SQLite for a program that asks the same few hundred statements for ever (decision 0009)."""
