"""A subscriber in front of a real browser without scripts, who holds every page to what every page must be.

Knows pages, forms and what makes them usable; the story that they tell stays in the tests.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Error,
    Page,
    Request,
    Response,
    ViewportSize,
    sync_playwright,
)

CHROMIUM = "/usr/bin/chromium"
PHONE: ViewportSize = {"width": 360, "height": 740}  # the narrowest telephone that pages must fit on
_SWITCHES = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
_PATIENCE_MS = 60_000  # the machine may be busy with a whole suite and its tests
_LOST_BY_NAVIGATION = ("Execution context was destroyed", "navigat")
_CYRILLIC = re.compile("[А-Яа-яЁё]")

# Scripts of pages are off; the questions of a test are no scripts of a page and get their answers all the same.
_FACTS = """() => {
  const inputs = [...document.querySelectorAll('input:not([type=hidden]), select, textarea')];
  const ids = [...document.querySelectorAll('[id]')].map(element => element.id);
  const focusable = document.querySelector('a[href], button, input:not([type=hidden]), select, textarea');
  const target = focusable && focusable.matches('a[href^="#"]') && document.querySelector(focusable.hash);
  const described = [...document.querySelectorAll('[aria-describedby], [aria-labelledby]')].flatMap(element =>
    `${element.getAttribute('aria-describedby') || ''} ${element.getAttribute('aria-labelledby') || ''}`.split(' '));
  const buttons = [...document.querySelectorAll('a[href], button')];
  return {
    language: document.documentElement.lang,
    title: document.title,
    headings: [...document.querySelectorAll('h1')].map(heading => heading.textContent.trim()),
    unlabelled: inputs.filter(input => !input.labels.length).map(input => input.outerHTML),
    nameless: buttons.filter(button => !button.textContent.trim()).map(button => button.outerHTML),
    repeated_ids: ids.filter((id, index) => ids.indexOf(id) !== index),
    dangling: described.filter(id => id && !ids.includes(id)),
    skips_to_main: Boolean(target && target.matches('main')),
    width: document.documentElement.scrollWidth,
    space: document.documentElement.clientWidth,
    chrome: [...document.querySelectorAll('h1, h2, label, legend, th, dt, nav, footer, button')]
      .filter(element => !element.closest('body [lang]') && element.name !== 'provider')  // names stay as they are
      .map(element => element.innerText.trim()),
  };
}"""


class Visitor:
    """Somebody with a browser window of their own: cookies, a page, and a record of what went wrong behind it."""

    def __init__(self, browser: Browser, *, home: str, neighbours: tuple[str, ...] = (), language: str = "ru") -> None:
        """`home` is the cabinet; `neighbours` are the sites that it may lead to, as links and forms only."""
        self._home = home
        self._sites = {home, *neighbours}
        self._refusals: set[str] = set()
        self.language = language
        self._complaints: list[tuple[str, str]] = []
        self.context: BrowserContext = browser.new_context(
            java_script_enabled=False,
            viewport=PHONE,
            locale="ru-RU",
            accept_downloads=True,
        )
        self.context.set_default_timeout(_PATIENCE_MS)
        self.page: Page = self.context.new_page()
        self.page.on("request", self._watch_request)
        self.page.on("console", self._watch_console)
        self.page.on("pageerror", lambda error: self._complain("", str(error)))

    def close(self) -> None:
        """Close the window."""
        self.context.close()

    def check(self) -> None:
        """Fail if a page complained, or called somebody else, on the way."""
        # Chromium logs every page with a status of 4xx as an error, whoever expected it.
        found = [text for source, text in self._complaints if source not in self._refusals]
        assert not found, found

    @property
    def address(self) -> str:
        """Where the window is: path and query at home, the whole URL elsewhere."""
        return self.page.url.removeprefix(self._home)

    @property
    def text(self) -> str:
        """What the main part of the page says."""
        return self.page.locator("main").inner_text()

    def go(self, address: str, *, status: int = 200) -> None:
        """Type an address, and expect this status."""
        url = address if "://" in address else f"{self._home}{address}"
        self._arrive(self.page.goto(url), status)

    def press(self, name: str | re.Pattern[str], *, within: str = "main", status: int = 200) -> None:
        """Press the button or follow the link that is called `name`, and expect the next page to have this status."""
        place = self.page.locator(within)
        target = place.get_by_role("button", name=name, exact=True).or_(
            place.get_by_role("link", name=name, exact=True)
        )
        with self.page.expect_navigation() as navigation:
            target.first.click()
        self._arrive(navigation.value, status)

    def type(self, label: str, value: str) -> None:
        """Type into the input with this label."""
        self.page.get_by_label(label, exact=True).fill(value)

    def tick(self, label: str) -> None:
        """Tick the box, or pick the choice, with this label."""
        self.page.get_by_label(label, exact=True).check()

    def download(self, name: str) -> bytes:
        """Follow a link to a file and return its bytes."""
        with self.page.expect_download() as waiting:
            self.page.get_by_role("link", name=name).first.click()
        return Path(waiting.value.path()).read_bytes()

    def await_text(self, text: str) -> None:
        """Wait until a page that renews itself says something."""
        self.page.locator("main").get_by_text(text).first.wait_for()
        self.inspect()

    def inspect(self) -> None:
        """Hold the page to what every page of the cabinet must be; other sites are their owners' affair."""
        if not self._is_home:
            return
        facts = self._steady(lambda: self.page.evaluate(_FACTS))
        wrong = list(_wrong(facts, language=self.language))
        assert not wrong, f"{self.page.url}: {wrong}"
        self._check_cookies()

    def _check_cookies(self) -> None:
        cookies: list[dict[str, Any]] = [dict(cookie) for cookie in self.context.cookies(self._home)]
        for cookie in cookies:
            kept = cookie["secure"] and cookie["httpOnly"] and cookie["sameSite"] in {"Lax", "Strict"}
            bound = cookie["name"].startswith("__Host-") and cookie["path"] == "/" and cookie["domain"] == "localhost"
            assert kept, f"open to scripts, wires or other sites: {cookie['name']}"
            assert bound, f"not bound to this host: {cookie['name']}"

    def _arrive(self, answer: Response | None, status: int) -> None:
        assert answer is not None, f"{self.page.url} led nowhere"
        assert answer.status == status, f"{answer.status} {self.page.url}: {self.text}"
        if status >= 400:
            self._refusals.add(answer.url)
        self.inspect()

    def _watch_request(self, request: Request) -> None:
        """Only a navigation may leave the cabinet, and only to a neighbour."""
        parts = urlsplit(request.url)
        site = f"{parts.scheme}://{parts.netloc}"
        if request.is_navigation_request():
            if site not in self._sites:
                self._complain("", f"led to {site}")
        elif self._is_home and site != self._home:
            self._complain("", f"asked {site} for {parts.path}")

    def _watch_console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and self._is_home:
            self._complain(message.location.get("url", ""), message.text)

    def _complain(self, source: str, text: str) -> None:
        self._complaints.append((source, f"{self.page.url}: {text}"))

    @property
    def _is_home(self) -> bool:
        return self.page.url.startswith(f"{self._home}/")

    def _steady(self, look: Callable[[], Any]) -> dict[str, Any]:
        """Look again when the page renewed itself right then."""
        for _ in range(10):
            try:
                facts: dict[str, Any] = look()
                return facts
            except Error as error:
                if not any(sign in str(error) for sign in _LOST_BY_NAVIGATION):
                    raise
                self.page.wait_for_load_state()
        raise AssertionError(f"{self.page.url} renews itself faster than anybody can look")


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start Debian's Chromium and end it with everything that belongs to it."""
    assert Path(CHROMIUM).exists(), f"There is no {CHROMIUM}; `make install` brings it."
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(_SWITCHES), timeout=_PATIENCE_MS)
        try:
            yield browser
        finally:
            browser.close()


def _wrong(facts: dict[str, Any], *, language: str) -> Iterator[str]:
    """Tell what a page lacks that every page must have."""
    if facts["language"] != language:
        yield f"speaks {facts['language']!r}, not {language!r}"
    if len(facts["headings"]) != 1 or not facts["headings"][0]:
        yield f"has not one main heading but {facts['headings']}"
    if " · " not in facts["title"]:
        yield f"is called {facts['title']!r}"
    for flaw in ("unlabelled", "nameless", "repeated_ids", "dangling"):
        if facts[flaw]:
            yield f"{flaw}: {facts[flaw]}"
    if not facts["skips_to_main"]:
        yield "does not begin with a link to its main part"
    if facts["width"] > facts["space"]:
        yield f"is {facts['width']} pixels wide on a screen of {facts['space']}"
    foreign = [text for text in facts["chrome"] if language == "en" and _CYRILLIC.search(text)]
    if foreign:
        yield f"says in Russian: {foreign}"
