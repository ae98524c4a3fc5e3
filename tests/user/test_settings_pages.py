"""One's own settings, as pages without a script."""

from __future__ import annotations

import re

from chatapp.auth.signin.device_names import device_name
from tests.support.html import Page
from tests.support.pages import PageClient
from tests.support.world import Api


def test_settings_lead_to_the_profile(world):
    client = world.alice.client
    assert 'href="/settings"' in client.get("/chats").text
    answer = client.get("/settings")
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/settings/profile"
    page = client.get("/settings/account").text
    assert "@alice · alice@example.org" in page
    assert "Bob" not in page


def test_settings_need_a_sign_in(client):
    for path in ("/settings", "/settings/account"):
        assert client.get(path).headers["Location"].startswith("/login?next=/settings")


FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:127.0) Gecko/20100101 Firefox/127.0"


def test_the_sessions_page_lists_and_ends_sign_ins(app, world):
    client = world.alice.client
    elsewhere = PageClient(app)
    login = {"email": world.alice.email, "password": world.alice.password}
    elsewhere.environ_base["HTTP_USER_AGENT"] = FIREFOX
    elsewhere.environ_base["REMOTE_ADDR"] = "203.0.113.7"
    elsewhere.submit("/login", **login)
    assert elsewhere.get("/people").status_code == 200
    page = client.get("/settings/sessions").text
    assert page.count('<li class="sign-in">') == 3
    assert page.count("This browser") == 1
    assert "Firefox on Windows" in page
    assert "203.0.113.7" in page
    shown = re.findall(r'action="(/settings/sessions/[^/"]+/end)"', page)
    firefox = next(action for action in shown if ends_firefox(page, action))
    token = Page(world.bob.client.get("/chats").text).csrf_token
    stranger = world.bob.client.post(firefox, data={"csrf_token": token})
    assert stranger.status_code == 404
    assert client.submit("/settings/sessions", firefox).status_code == 303
    assert "Signed out on that device." in client.get("/settings/sessions").text
    assert elsewhere.get("/people").status_code == 302
    assert client.submit("/settings/sessions", "/settings/sessions/end").status_code == 303
    last = client.get("/settings/sessions").text
    assert last.count('<li class="sign-in">') == 1
    assert "You’re not logged in anywhere else." in last
    assert world.alice.api.get("/api/users/me").status_code == 401


def ends_firefox(page: str, action: str) -> bool:
    form = page.split(action)[1].split("</form>", maxsplit=1)[0]
    return "Firefox" in form


def test_ending_this_browser_is_logging_out(world):
    client = world.alice.client
    page = client.get("/settings/sessions").text
    own = page.split("This browser")[1]
    action = re.search(r'action="(/settings/sessions/[^/"]+/end)"', own)[1]
    answer = client.submit("/settings/sessions", action)
    assert answer.headers["Location"] == "/"
    assert client.get("/settings/sessions").status_code == 302


def test_names_of_devices():
    names = {
        FIREFOX: "Firefox on Windows",
        "curl/8.1": "curl",
        "chatapp-bot/1.0 (+https://example.org)": "chatapp-bot",
        "": "Unknown device",
        "/": "Unknown device",
        "<script>alert(1)</script>": "<script>alert(1)<",
    }
    for user_agent, name in names.items():
        assert device_name(user_agent) == name, user_agent


def test_a_user_agent_is_text_on_the_page(app, world):
    client = world.alice.client
    headers = {"User-Agent": "<img/src=x onerror=alert(1)>"}
    login = {"email": world.alice.email, "password": world.alice.password}
    Api(app, None).call("POST", "/api/auth/login", login, headers=headers)
    assert "<img" not in client.get("/settings/sessions").text
