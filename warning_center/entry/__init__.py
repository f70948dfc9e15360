"""Manual entry: what a person reports at the counter or by telephone, taken in by the same checks as any directive."""
