"""Our own SIP user agent with third-party call control (RFC 3261, 3725): no sockets, no clock, no Django."""
