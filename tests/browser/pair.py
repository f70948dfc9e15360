"""Two real browsers with false cameras, a relay between them, and coturn where it is installed."""

import contextlib
import re
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, Playwright, ViewportSize, expect

from tests.browser.chromium import FLAGS, WHOLE
from tests.installed import needed
from tests.ports import free_port

FALSE_CAMERA = "--use-fake-device-for-media-stream"
TURN_SECRET = "north"
READY_WITHIN = 10.0  # seconds
PHONE: ViewportSize = {"width": 390, "height": 844}
SMALL_PHONE: ViewportSize = {"width": 360, "height": 640}
LENDS = ("camera", "microphone")


@contextlib.contextmanager
def two(playwright: Playwright) -> Iterator[tuple[Browser, Browser]]:
    """The operator's and the person's."""
    program, flags = needed(*WHOLE), [*FLAGS, FALSE_CAMERA]
    pair = [playwright.chromium.launch(executable_path=program, args=flags) for _ in range(2)]
    try:
        yield pair[0], pair[1]
    finally:
        for browser in pair:
            browser.close()


def phone(
    browser: Browser, *, lends: tuple[str, ...] = LENDS, language: str = "zh-CN", small: bool = False
) -> BrowserContext:
    """A phone: narrow, touched, with what its owner lends a page."""
    context = browser.new_context(
        viewport=SMALL_PHONE if small else PHONE, locale=language, has_touch=True, is_mobile=True,
        device_scale_factor=2,
    )  # fmt: skip
    context.grant_permissions(list(lends))
    return context


def frames(page: Page) -> int:
    """Wait until frames of the other side have been shown, ten at least; how many."""
    theirs = page.locator("[data-of=theirs]")
    expect(theirs).to_have_attribute("data-frames", re.compile(r"^\d{2,}$"), timeout=30_000)
    return int(theirs.get_attribute("data-frames") or 0)


def way(page: Page) -> str:
    """The kind of the way on which the pictures travel: host, srflx, prflx or relay."""
    return str(
        page.evaluate(
            """async () => {
              const all = [...(await peer.pc.getStats()).values()];
              const pair = all.find((one) => one.type === "candidate-pair" && one.nominated);
              return all.find((one) => one.id === pair.localCandidateId).candidateType;
            }"""
        )
    )


@contextlib.contextmanager
def coturn(folder: Path) -> Iterator[str]:
    """A TURN server on loopback that checks short-lived credentials; its address."""
    port = free_port()
    options = [
        "--listening-ip=127.0.0.1", "--relay-ip=127.0.0.1", f"--listening-port={port}", "--allow-loopback-peers",
        "--use-auth-secret", f"--static-auth-secret={TURN_SECRET}", "--realm=warning.center", "--no-cli", "--no-tls",
        "--no-dtls", "--fingerprint", f"--pidfile={folder / 'pid'}", f"--userdb={folder / 'users'}",
        "--log-file=stdout", "--min-port=49160", "--max-port=49900",
    ]  # fmt: skip
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen([needed("turnserver"), "-n", *options], stdout=log, stderr=log)
        try:
            _wait(server, port, folder / "log")
            yield f"turn:127.0.0.1:{port}?transport=udp"
        finally:
            server.terminate()
            server.wait(10)


def _wait(server: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    """Until it answers a STUN binding request."""
    request = b"\x00\x01\x00\x00\x21\x12\xa4\x42" + b"warningcentr"
    end = time.monotonic() + READY_WITHIN
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ask:
        ask.settimeout(0.2)
        while time.monotonic() < end and server.poll() is None:
            ask.sendto(request, ("127.0.0.1", port))
            with contextlib.suppress(OSError):
                ask.recv(1000)
                return
    raise RuntimeError(f"coturn did not start: {log.read_text(errors='replace')[-2000:]}")
