"""Static files: read and compressed once, served before a request reaches Flask.

No session, no database and no Flask stand between a browser and a style sheet. Whitenoise would do
the same for files that a build step has compressed on disk; we have no build step.
"""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from werkzeug.wrappers import Request, Response

from config import TOP

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

STATIC = TOP / "static"

_ADDRESS = re.compile(r"/static/([^/]+)/(.+)")
_IMPORT = re.compile(r'^@import "([\w./-]+)";\n', re.MULTILINE)
_STRING_OR_COMMENT = re.compile(
    r"""(?P<string>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')|/\*.*?\*/""", re.DOTALL
)
_TEXT = ("text/", "application/json", "image/svg+xml")


@dataclass(frozen=True, slots=True)
class _File:
    type: str
    body: bytes
    etag: str
    packed: bytes | None  # None where compressing gains nothing


class StaticFiles:
    """A folder's files in memory, as they are when the process starts."""

    def __init__(self, folder: Path) -> None:
        self._files = {
            path.relative_to(folder).as_posix(): _read(path)
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        }
        digest = hashlib.sha256()
        for name, file in self._files.items():
            digest.update(f"{name} {file.etag}\n".encode())
        #: All files share one, so that modules' relative imports stay within it.
        self.version = digest.hexdigest()[:12]

    def url(self, name: str) -> str:
        """Return the address of a file, which changes with its content."""
        return f"/static/{self.version}/{name}"

    def __contains__(self, name: str) -> bool:
        """Return whether there is a file of this name."""
        return name in self._files

    def answer(self, request: Request) -> Response | None:
        """Return the file that is requested; None where there is none.

        Under its present address it is cached for good, under an older one it is asked for again.
        """
        found = _ADDRESS.fullmatch(request.path)
        file = self._files.get(found[2]) if found else None
        if found is None or file is None or request.method not in ("GET", "HEAD"):
            return None
        packed = file.packed if request.accept_encodings.quality("gzip") > 0 else None
        response = Response(packed or file.body, content_type=file.type)
        if packed:
            response.content_encoding = "gzip"
        if file.packed:
            response.vary.add("Accept-Encoding")
        if found[1] == self.version:
            response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        else:
            response.headers["Cache-Control"] = "public, no-cache"
        response.set_etag(file.etag, weak=True)
        return response.make_conditional(request)

    def middleware(self, app: WSGIApplication) -> WSGIApplication:
        """Wrap ``app``: answer requests for files, and pass on all others."""

        def serve(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            if environ.get("PATH_INFO", "").startswith("/static/"):
                answer = self.answer(Request(environ))
                if answer is not None:
                    return answer(environ, start_response)
            return app(environ, start_response)

        return serve


@cache
def files() -> StaticFiles:
    """Return the application's own files."""
    return StaticFiles(STATIC)


def _read(path: Path) -> _File:
    type_ = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    body = _bare(_flat(path)) if path.suffix == ".css" else path.read_bytes()
    packed = gzip.compress(body, 9, mtime=0) if type_.startswith(_TEXT) else body
    return _File(
        type=f"{type_}; charset=utf-8" if type_.startswith("text/") else type_,
        body=body,
        etag=hashlib.sha256(body).hexdigest()[:16],
        packed=packed if len(packed) < len(body) else None,
    )


def _flat(sheet: Path) -> str:
    """Return a style sheet with its imports replaced by what they import."""
    return _IMPORT.sub(
        lambda line: _flat(sheet.parent / line[1]), sheet.read_text(encoding="utf-8")
    )


def _bare(sheet: str) -> bytes:
    """Return a style sheet without comments, indentation and empty lines.

    Spaces within a line stay: minifiers (rcssmin 1.3) have taken some that tell selectors apart.
    """
    uncommented = _STRING_OR_COMMENT.sub(lambda found: found["string"] or " ", sheet)
    return "\n".join(filter(None, map(str.strip, uncommented.splitlines()))).encode()
