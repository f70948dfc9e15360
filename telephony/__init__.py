"""The line: numbers, priorities and tags; nothing of fraud, cases, police or users."""
