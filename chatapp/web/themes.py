"""Template themes: folders that override templates, and sheets that redefine tokens.

`templates/themes/<name>/` is looked into before `templates/`, for every name that a view, an
`extends`, an `include` or an `import` asks for. What a theme overrides it reaches as
`original/<name>`. `static/themes/<name>.css`, where there is one, follows the site's own sheet.

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
    """Finds templates as the theme of the present request has them."""

    def __init__(self, app: App, **options: Any) -> None:
        super().__init__(app, **options)
        originals = app.create_global_jinja_loader()
        folder = Path(app.root_path, app.template_folder or "", "themes")
        self._by_theme = {
            name: self.overlay(loader=_loader(originals, folder / name))
            for name in _settings(app).themes
        }

    def get_template(self, name: Any, parent: Any = None, globals: Any = None) -> Template:  # noqa: A002  (Jinja's name)
        """The template as Jinja gives it, from the theme's folder first."""
        if self.overlayed:
            return super().get_template(name, parent, globals)
        return self._by_theme[current()].get_template(name, parent, globals)

    def select_template(self, names: Any, parent: Any = None, globals: Any = None) -> Template:  # noqa: A002
        """The first of these templates that there is."""
        if self.overlayed:
            return super().select_template(names, parent, globals)
        return self._by_theme[current()].select_template(names, parent, globals)


def init_app(app: Flask) -> None:
    """Tell templates what the page looks like."""
    app.add_template_global(theme_sheet)
    app.add_template_global(accent.css, "accent_css")
    app.add_template_global(accent.bar_colors, "bar_colors")


def current() -> str:
    """The theme of this request: the one that whoever asks has chosen, while the site allows it.

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
    """This request's page has the site's own theme; nobody needs to know who asks."""
    g.theme = _settings(current_app).default_theme


def allowed(name: str | None) -> str:
    """This theme where the site allows it, else the site's own."""
    settings = _settings(current_app)
    return name if name in settings.themes else settings.default_theme


def theme_sheet() -> str | None:
    """The address of the theme's own sheet; None for a theme without one."""
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
