"""The screens that a page must fit: a phone's, a small desk's, a desk's."""

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
