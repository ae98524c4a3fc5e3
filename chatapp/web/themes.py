"""Template themes: folders that override templates, and sheets that redefine tokens.

Every template that a view, an `extends`, an `include` or an `import` names is looked up in
`templates/themes/<name>/` before `templates/`. A theme reaches the template that it overrides as
`original/<name>`. `static/themes/<name>.css`, if there is one, comes after the site's own sheet.

Each theme has a Jinja environment with a cache of its own: a macro that was imported by one theme's
template must not be found in another's.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flask import Flask, current_app, g, has_request_context
from flask.sansio.app import App
from flask.templating import Environment
from jinja2 import BaseLoader, ChoiceLoader, FileSystemLoader, PrefixLoader, Template

from chatapp.security import identity
from chatapp.web import accent, static_files
from config import Settings


class ThemedEnvironment(Environment):
    """Jinja environment that finds the templates of the current request's theme."""

    def __init__(self, app: App, **options: Any) -> None:
        super().__init__(app, **options)
        originals = app.create_global_jinja_loader()
        folder = Path(app.root_path, app.template_folder or "", "themes")
        self._by_theme = {
            name: self.overlay(loader=_loader(originals, folder / name))
            for name in _settings(app).themes
        }

    def get_template(self, name: Any, parent: Any = None, globals: Any = None) -> Template:  # noqa: A002  (Jinja's name)
        """Return the template, from the theme's folder first."""
        if self.overlayed:
            return super().get_template(name, parent, globals)
        return self._by_theme[current()].get_template(name, parent, globals)

    def select_template(self, names: Any, parent: Any = None, globals: Any = None) -> Template:  # noqa: A002
        """Return the first of these templates that exists."""
        if self.overlayed:
            return super().select_template(names, parent, globals)
        return self._by_theme[current()].select_template(names, parent, globals)


def init_app(app: Flask) -> None:
    """Give templates the theme's sheet and the accent's colours."""
    app.add_template_global(theme_sheet)
    app.add_template_global(accent.css, "accent_css")
    app.add_template_global(accent.bar_colors, "bar_colors")


def current() -> str:
    """Return the theme of this request: the person's own, if the site allows it.

    Raises what `identity.signed_in` raises.
    """
    if not has_request_context():
        return _settings(current_app).default_theme
    if "theme" not in g:
        user = identity.signed_in()
        g.theme = allowed(user.theme if user else None)
    theme: str = g.theme
    return theme


def use_default() -> None:
    """Use the site's default theme for this request, without looking up who makes it."""
    g.theme = _settings(current_app).default_theme


def allowed(name: str | None) -> str:
    """Return this theme if the site allows it, else the site's default."""
    settings = _settings(current_app)
    return name if name in settings.themes else settings.default_theme


def theme_sheet() -> str | None:
    """Return the address of the theme's sheet; None for a theme without one."""
    name = f"themes/{current()}.css"
    files = static_files.files()
    return files.url(name) if name in files else None


def _loader(originals: BaseLoader, folder: Path) -> BaseLoader:
    return ChoiceLoader(
        [FileSystemLoader(folder), originals, PrefixLoader({"original": originals})]
    )


def _settings(app: App) -> Settings:
    settings: Settings = app.config["SETTINGS"]
    return settings
