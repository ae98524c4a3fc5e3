"""Just enough HTML reading to use a page as a browser without scripts does."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass
class Form:
    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.meta: dict[str, str] = {}
        self.text: list[str] = []
        self._form: Form | None = None
        self._textarea: str | None = None
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._form = Form(given.get("action", ""), given.get("method", "get").lower())
            self.forms.append(self._form)
        elif tag == "meta":
            self.meta[given.get("name", "")] = given.get("content", "")
        elif tag in ("script", "style", "template"):
            self._hidden += 1
        elif self._form is not None and "name" in given:
            if given.get("type") in ("radio", "checkbox") and "checked" not in given:
                return
            if tag == "input" and given.get("type") not in ("submit", "button"):
                self._form.fields[given["name"]] = given.get("value", "")
            elif tag == "textarea":
                self._textarea = given["name"]
                self._form.fields[self._textarea] = ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        elif tag == "textarea":
            self._textarea = None
        elif tag in ("script", "style", "template"):
            self._hidden -= 1

    def handle_data(self, data: str) -> None:
        if self._textarea is not None and self._form is not None:
            self._form.fields[self._textarea] += data
        elif not self._hidden:
            self.text.append(data)


class Page:
    """The forms, metas and visible words of one page."""

    def __init__(self, html: str) -> None:
        reader = _Reader()
        reader.feed(html)
        self.html = html
        self.forms = reader.forms
        self.meta = reader.meta
        self.text = " ".join(" ".join(reader.text).split())

    def form(self, action: str | None = None, *, method: str = "post") -> Form:
        """The one form with that method and, where given, that action (its query aside)."""
        found = [
            form
            for form in self.forms
            if form.method == method and (action is None or form.action.split("?")[0] == action)
        ]
        assert found, f"no {method} form for {action} among {self.forms}"
        return found[0]

    @property
    def csrf_token(self) -> str:
        for form in self.forms:
            if "csrf_token" in form.fields:
                return form.fields["csrf_token"]
        return self.meta["csrf-token"]
