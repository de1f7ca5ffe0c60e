"""Tab: a page in the browser, with what it said to its console and asked of the network."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from playwright.sync_api import Browser, Page

__all__ = ["Browser", "Tab", "opened"]
PATIENCE = 60_000  # milliseconds: machines may be busy


class Tab:
    """A page, and what went wrong in it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.errors: list[str] = []
        self.requests: list[str] = []
        page.on("console", lambda message: self.errors.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", lambda request: self.requests.append(request.url))


@contextlib.contextmanager
def opened(browser: Browser, *, dark: bool = False) -> Iterator[Tab]:
    """A new tab."""
    page = browser.new_page(viewport={"width": 1400, "height": 1000}, color_scheme="dark" if dark else "light")
    page.set_default_timeout(PATIENCE)
    yield Tab(page)
    page.close()
