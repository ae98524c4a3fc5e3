"""A browser without scripts, on the app in this process."""

from __future__ import annotations

import flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.support.html import Page


class PageClient(FlaskClient):
    """Flask's test client, which can also use the forms that pages hold."""

    def __init__(self, app: flask.Flask) -> None:
        super().__init__(app, app.response_class, use_cookies=True)

    def page(self, path: str) -> Page:
        """The page at `path`, which must be there."""
        answer = self.get(path, follow_redirects=True)
        assert answer.status_code == 200, (path, answer.status, answer.text)
        return Page(answer.text)

    def submit(self, page: str, action: str | None = None, **fields: str) -> TestResponse:
        """Fill in the form on `page` that posts to `action` (the page itself) and send it."""
        form = self.page(page).form(action or page)
        return self.post(form.action or page, data={**form.fields, **fields})
