"""A person at a browser: what they do, in their words; where things are on the page, once."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import BrowserContext, ConsoleMessage, Locator, Page, Request, expect

from tests.support.people import PASSWORD, Person, new_username
from tests.support.waiting import Site


class BrowserPerson:
    """Someone with a profile of their own in Chromium, and one page open."""

    def __init__(
        self, context: BrowserContext, name: str, site: Site, *, javascript: bool = True
    ) -> None:
        self.context = context
        self.name = name
        self.url = site.url
        self.username = new_username(name)
        self.complaints: list[str] = []
        self._site = site
        self._javascript = javascript
        self._failures_expected = False
        self.page = self.open_page()

    def open_page(self) -> Page:
        """A further page of the same profile."""
        page = self.context.new_page()
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.complaints.append(f"exception: {error}"))
        page.on("request", self._request)
        return page

    def expect_failed_requests(self) -> None:
        """From now on a failed request or connection is no complaint: the test makes it fail."""
        self._failures_expected = True

    def _console(self, message: ConsoleMessage) -> None:
        if message.type not in ("error", "warning"):
            return
        failed = re.search(r"ERR_|WebSocket connection|Failed to load resource", message.text)
        if not (failed and self._failures_expected):
            self.complaints.append(f"console: {message.text} ({message.location.get('url')})")

    def _request(self, request: Request) -> None:
        if not request.url.startswith((self.url, "data:", "blob:", "ws" + self.url[4:])):
            self.complaints.append(f"request to another host: {request.url}")

    # --- what they do

    def arrive(self) -> None:
        """Be registered and signed in, without the pages for it."""
        self.known_as = Person(self._site, self.name, self.username)
        session = self.known_as.web()
        self.context.add_cookies(
            [
                {"name": one.name, "value": one.value, "url": self.url}
                for one in session.http.cookies
            ]
        )

    def register(self) -> None:
        """Register by the form, which also signs in."""
        self.page.goto("/register")
        self.page.get_by_label("Your name").fill(self.name)
        self.page.get_by_label("Email").fill(f"{self.username}@example.org")
        self.page.get_by_label("Username").fill(self.username)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_role("button", name="Create account").click()
        expect(self.page).to_have_url(f"{self.url}/chats")

    def find(self, other: BrowserPerson) -> int:
        """Look the other up among the people and open the conversation; its id."""
        self.page.goto("/people")
        search = self.page.get_by_role("searchbox")
        search.fill(other.username)
        search.press("Enter")
        self.page.get_by_role("button", name="Message").click()
        expect(self.page).to_have_url(re.compile(rf"{re.escape(self.url)}/chats/\d+"))
        self._ready()
        return int(re.sub(r"\D*$", "", self.page.url.partition("#")[0]).rpartition("/")[2])

    def meet(self, other: BrowserPerson) -> int:
        """Open the conversation with the other, who has arrived like oneself; its id."""
        conversation_id = self.known_as.opens(other.known_as)
        self.go(conversation_id)
        return conversation_id

    def go(self, conversation_id: int) -> None:
        self.page.goto(f"/chats/{conversation_id}")
        self._ready()

    def _ready(self) -> None:
        """The page can be typed into; its script says so by putting the focus there."""
        if self._javascript:
            expect(self.composer).to_be_focused()
        else:
            expect(self.composer).to_be_visible()

    def say(self, text: str) -> None:
        """Write and press Enter, as with scripts."""
        self._ready()
        self.composer.fill(text)
        self.composer.press("Enter")

    def post(self, text: str) -> None:
        """Write and press the button, as without scripts."""
        self.composer.fill(text)
        self.page.get_by_role("button", name="Send").click()

    # --- where things are

    @property
    def composer(self) -> Locator:
        return self.page.locator("#composer textarea")

    @property
    def messages(self) -> Locator:
        """The stored messages on the page, in the order shown."""
        return self.page.locator("#messages .message[data-seq]")

    @property
    def texts(self) -> Locator:
        return self.messages.locator(".message__text")

    @property
    def pending(self) -> Locator:
        """The messages that are shown but not stored yet."""
        return self.page.locator("#messages .message--pending .message__text")

    @property
    def banner(self) -> Locator:
        return self.page.locator("#banner")

    def entry(self, conversation_id: int) -> Locator:
        """That conversation in the sidebar."""
        return self.page.locator(f'#conversations [data-conversation="{conversation_id}"]')

    # --- what they see

    def sees(self, texts: list[str]) -> None:
        """Exactly these stored messages, in this order, each once."""
        expect(self.texts).to_have_text(texts)


#: What the fixture `new_person` gives.
NewPerson = Callable[..., BrowserPerson]
