"""Measure the first paint of a conversation on a CPU that is slowed down four times.

    .venv/bin/python -m bench.first_paint [--rounds 9] [--slow 4]

Starts a server, opens a conversation of 40 messages in Chromium and asks the browser when it
painted. *Cold* is a new browser profile; *warm* is the next visit, with a filled cache.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
from collections.abc import Iterable

from playwright.sync_api import Browser, BrowserContext, sync_playwright

from tests.browser.conftest import FLAGS
from tests.support.people import Person
from tests.support.server import LiveServer

MESSAGES = 40
CONVERSATIONS = 12
BUDGET = 500  # milliseconds
TEXTS = (
    "Morning! Is the hall ours on Saturday?",
    "It is. **Twelve tables**, and both doors stay open",
    "🎉",
    "صباح الخير! هل ما زال موعدنا يوم الخميس؟",
    "See https://hall.example.org/plans and `plan.txt`:\n\n- tables\n- chairs",
)
PAINT = """
new Promise((done) => {
  new PerformanceObserver((list, observer) => {
    const paint = list.getEntriesByName("first-contentful-paint")[0];
    if (!paint) return;
    observer.disconnect();
    const [page] = performance.getEntriesByType("navigation");
    done({ "first byte": page.responseStart, "first paint": paint.startTime });
  }).observe({ type: "paint", buffered: true });
})
"""


def with_history(server: LiveServer) -> tuple[Person, int]:
    """Return a person with conversations, and the conversation to open."""
    ada = Person(server, "Ada")
    for number in range(CONVERSATIONS):
        ben = Person(server, f"Ben {number}")
        conversation_id = ada.opens(ben)
        ben.says(conversation_id, TEXTS[number % len(TEXTS)])
    for number in range(1, MESSAGES):
        (ada, ben)[number % 3 % 2].says(conversation_id, TEXTS[number % len(TEXTS)])
    return ada, conversation_id


def new_profile(browser: Browser, ada: Person, cookies: dict[str, str]) -> BrowserContext:
    """Return a new browser profile in which Ada is signed in."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    url = ada.server.url
    context.add_cookies([{"name": n, "value": v, "url": url} for n, v in cookies.items()])
    return context


def visit(context: BrowserContext, address: str, slow: float) -> dict[str, float]:
    """Open the address in a new page; return the browser's times in milliseconds."""
    page = context.new_page()
    page.goto("about:blank")
    context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": slow})
    page.goto(address, wait_until="commit")
    times: dict[str, float] = page.evaluate(PAINT)
    page.wait_for_load_state("load")
    page.wait_for_load_state("networkidle")
    times["loaded"] = page.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd")
    page.close()
    return times


def main(arguments: Iterable[str] | None = None) -> int:
    """Print medians; return 1 if the first paint is over its budget."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--slow", type=float, default=4)
    options = parser.parse_args(arguments)
    program = shutil.which("chromium") or shutil.which("google-chrome")
    server = LiveServer(None).start()
    measured: dict[str, list[dict[str, float]]] = {"cold": [], "warm": []}
    try:
        ada, conversation_id = with_history(server)
        cookies = dict(ada.web().http.cookies)
        address = f"{server.url}/chats/{conversation_id}"
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
            for _ in range(options.rounds + 1):
                context = new_profile(browser, ada, cookies)
                for visits in measured.values():
                    visits.append(visit(context, address, options.slow))
                context.close()
            browser.close()
    finally:
        server.stop()
    worst = 0.0
    for kind, visits in measured.items():
        shown = []
        for name in visits[0]:
            times = [times[name] for times in visits[1:]]  # the first round warms up the server
            middle = statistics.median(times)
            shown.append(f"{name} {middle:4.0f} ({min(times):.0f}–{max(times):.0f})")
            worst = max(worst, middle if name == "first paint" else 0)
        print(f"{kind}: {' · '.join(shown)} ms")
    return int(worst > BUDGET)


if __name__ == "__main__":
    raise SystemExit(main())
