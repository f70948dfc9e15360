"""What every page must be: no wider than a phone's, a small desk's or a desk's screen, and open to everybody."""

from importlib import resources

from playwright.sync_api import Page

WIDTHS = (390, 1280, 1440)  # pixels


def runs_off(page: Page) -> list[tuple[str, int, int]]:
    """Where the page as it is shown now is wider than a screen: its address, the screen and its own width."""
    wide = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        shown = page.evaluate("document.documentElement.scrollWidth")
        if shown > width:
            wide.append((page.url, width, shown))
    return wide


def closed_to_some(page: Page) -> list[str]:
    """What keeps somebody from using the page as it is shown now: axe-core's serious and critical findings."""
    page.evaluate(_AXE)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
    return [
        f"{page.url} {each['id']}: {each['help']}: {each['nodes'][0]['html'][:120]}"
        for each in found
        if each["impact"] in ("serious", "critical")
    ]


_AXE = resources.files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
