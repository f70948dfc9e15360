"""Ports for the tests' own servers."""

import socket
from random import SystemRandom

# Below those that the system gives to whoever connects: there, a port that is free now may be gone a moment later.
OURS = range(20_000, 32_000)


def free_port() -> int:
    """A port of loopback that nobody has, for UDP and TCP."""
    while True:
        port = SystemRandom().choice(OURS)
        with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
            try:
                tcp.bind(("127.0.0.1", port))
                udp.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
