"""Try before you switch: recorded cases played again under another policy, and what would have changed."""
