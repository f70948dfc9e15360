"""The supervisors' pages: what they show as frozen rows, and the doors that show them."""
