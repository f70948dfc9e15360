"""A day in minutes: the real engine on a moving clock, among simulated people, networks and faults, and held to its promises."""
