"""An OpenID provider that lies where a test tells it to; a real one won't.

It is a server of its own with keys of its own, and strict about what it is asked: a code is good
once, for the client, the redirect address and the PKCE verifier that it was made for.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import requests
from joserfc import jws
from joserfc.jwk import RSAKey

from tests.support.waiting import PATIENCE

CLIENT_ID, CLIENT_SECRET = "chatapp-tests", "a secret of the tests"
ADA = {
    "sub": "ada-248289761001",
    "email": "ada@example.org",
    "email_verified": True,
    "name": "Ada Lovelace",
    "picture": "https://pictures.example/ada.png",
}


class Provider:
    """Serves on a free port from `start()` to `stop()`.

    `person` is who signs in; `claims` overrides what the ID token says (None leaves a claim out),
    `sign` replaces how it is signed, `answer` changes the token endpoint's answer, `metadata` what
    the provider says of itself, `status` makes an endpoint fail.
    """

    def __init__(self) -> None:
        provider = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                provider._get(self)

            def do_POST(self) -> None:
                provider._post(self)

            def log_message(self, *_: Any) -> None:
                """Tests assert; they need no log."""

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        self.key = new_key("first")
        self.tell_the_truth()

    def tell_the_truth(self) -> None:
        """Begin anew, without a lie and without a memory."""
        self.keys = [self.key]
        self.person: dict[str, Any] = dict(ADA)
        self.claims: dict[str, Any] = {}
        self.sign: Callable[[dict[str, Any]], Any] = self.signed
        self.answer: dict[str, Any] = {}
        self.metadata: dict[str, Any] = {}
        self.userinfo: dict[str, Any] = {}
        self.status: dict[str, int] = {}
        self.silent = threading.Event()
        self.asked: Counter[str] = Counter()
        self.begun: list[dict[str, str]] = []
        self._codes: dict[str, dict[str, str]] = {}

    @property
    def metadata_url(self) -> str:
        return f"{self.url}/.well-known/openid-configuration"

    def start(self) -> Provider:
        threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def stop(self) -> None:
        self.silent.set()
        self._http.shutdown()
        self._http.server_close()

    def agree(self, address: str) -> str:
        """What a browser sent to ``address`` is sent back to, once the person has agreed."""
        assert address.startswith(f"{self.url}/authorize?"), address
        answer = requests.get(address, allow_redirects=False, timeout=PATIENCE)
        assert answer.status_code == 302, answer.text
        return answer.headers["Location"]

    def signed(self, claims: dict[str, Any], **header: Any) -> str:
        """An ID token as it should be, or with another header."""
        key = header.pop("key", self.keys[0])
        header = {"alg": "RS256", **({"kid": key.kid} if key.kid else {}), **header}
        return jws.serialize_compact(header, json.dumps(claims), key, algorithms=[header["alg"]])

    def _get(self, request: BaseHTTPRequestHandler) -> None:
        path, query = urlsplit(request.path).path, parse_qs(urlsplit(request.path).query)
        if self._refuses(request, path):
            return
        if path == "/.well-known/openid-configuration":
            _json(request, self._metadata())
        elif path == "/keys":
            _json(request, {"keys": [key.as_dict(private=False) for key in self.keys]})
        elif path == "/authorize":
            self._authorize(request, {name: values[0] for name, values in query.items()})
        elif path == "/userinfo":
            _json(request, self.userinfo)
        else:
            _json(request, {"error": "not_found"}, 404)

    def _metadata(self) -> dict[str, Any]:
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
            "userinfo_endpoint": f"{self.url}/userinfo",
            "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"],
            **self.metadata,
        }

    def _authorize(self, request: BaseHTTPRequestHandler, asked: dict[str, str]) -> None:
        self.begun.append(asked)
        code = secrets.token_urlsafe(16)
        self._codes[code] = asked
        back = urlencode({"code": code, "state": asked["state"]})
        request.send_response(302)
        request.send_header("Location", f"{asked['redirect_uri']}?{back}")
        request.send_header("Content-Length", "0")
        request.end_headers()

    def _post(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers["Content-Length"])).decode()
        given = {name: values[0] for name, values in parse_qs(body).items()}
        if self._refuses(request, urlsplit(request.path).path):
            return
        begun = self._codes.pop(given.get("code", ""), None)
        if begun is None or not _fits(given, begun, request.headers["Authorization"] or ""):
            _json(request, {"error": "invalid_grant"}, 400)
            return
        now = int(time.time())
        claims = {
            "iss": self.url,
            "aud": CLIENT_ID,
            "iat": now,
            "exp": now + 300,
            "nonce": begun["nonce"],
            **self.person,
            **self.claims,
        }
        claims = {name: value for name, value in claims.items() if value is not None}
        token = {"access_token": "opaque", "token_type": "Bearer", "expires_in": 300}
        _json(request, {**token, "id_token": self.sign(claims), **self.answer})

    def _refuses(self, request: BaseHTTPRequestHandler, path: str) -> bool:
        self.asked[path] += 1
        status = self.status.get(path)
        if status == 0:
            self.silent.wait(30)
            request.close_connection = True
            return True
        if status is not None:
            _json(request, {"error": "temporarily_unavailable"}, status)
        return status is not None


#: As a status: 200, and the connection ends in the middle of the answer.
CUT = 2


def new_key(kid: str | None) -> RSAKey:
    """A key to sign with."""
    return RSAKey.generate_key(2048, {"use": "sig", **({"kid": kid} if kid else {})})


def _fits(given: dict[str, str], begun: dict[str, str], authorization: str) -> bool:
    digest = hashlib.sha256(given.get("code_verifier", "").encode()).digest()
    challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
    client = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
    return (
        begun.get("code_challenge_method") == "S256"
        and begun.get("code_challenge") == challenge
        and given.get("redirect_uri") == begun["redirect_uri"]
        and authorization == f"Basic {client}"
    )


def _json(request: BaseHTTPRequestHandler, body: Any, status: int = 200) -> None:
    raw = json.dumps(body).encode()
    request.send_response(200 if status == CUT else status)
    request.close_connection = status == CUT
    request.send_header("Content-Type", "application/json")
    request.send_header("Content-Length", str(len(raw)))
    if 300 <= status < 400:
        request.send_header("Location", "/keys?elsewhere=1")
    request.end_headers()
    request.wfile.write(raw[: len(raw) // 2] if status == CUT else raw)
