"""A day in minutes: the real engine on a moving clock, among invented people and faults, held to its promises."""
