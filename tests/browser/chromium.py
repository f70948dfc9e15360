"""Chromium as the machine has it installed; nothing but this machine answers it."""

WHOLE = ("chromium", "chromium-browser", "google-chrome")  # its shell below sends no pictures
# The same engine without a browser's own pages around it, which cost each new context several times as much.
SHELL = ("chromium-headless-shell", *WHOLE)
FLAGS = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
    "--no-sandbox",
    "--proxy-server=127.0.0.1:9",  # where nobody listens; loopback itself needs no proxy
)
