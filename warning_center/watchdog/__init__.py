"""The watchdog: promises of the system, measured outside the workers' own path; broken and mended ones are told."""
