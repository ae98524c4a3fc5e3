"""The page of a mailed link, or of the reason why the link can't be used.

These pages send no referrer, because their URLs contain a token.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Response, make_response, render_template

from chatapp.auth.link_tokens import LINK_USED, Link
from chatapp.core.errors import ChatError
from chatapp.web.forms import with_error


def render_link(
    template: str, token: str, find_link: Callable[[str], Link], **values: Any
) -> Response:
    """Render the page of a link, or why the link can't be used."""
    try:
        link = find_link(token)
    except ChatError as exc:
        return with_error(render_page(template, exc.message, link=None, **values), exc)
    return render_page(template, link=link.verification, token=token, **values)


def render_page(template: str, problem: str | None = None, **values: Any) -> Response:
    """Render a page that sends no referrer, with the problem if there is one."""
    html = render_template(template, problem=problem, used=problem == LINK_USED, **values)
    page = make_response(html)
    page.headers["Referrer-Policy"] = "no-referrer"
    return page
