"""What things cost, measured on a real PostgreSQL and Redis: `make bench`, one module a question."""
