"""What asks the OpenID provider: few bytes, little time, and no redirects.

`requests` limits the wait for the next bytes only, so a provider that is broken, or isn't what it
was, could hold a request for ever or fill the memory.
"""

from __future__ import annotations

from typing import Any

import requests
from authlib.integrations.requests_client import OAuth2Session

from chatapp.core import concurrency

#: Seconds for one answer, all of it.
ANSWER_SECONDS = 10.0
#: Documents, keys and tokens have some kilobytes.
MAX_BYTES = 1024 * 1024


class BoundedSession(OAuth2Session):  # type: ignore[misc]
    """Authlib's session. Raises requests.RequestException where an answer breaks a bound."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.max_redirects = 0

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        """Return the answer, with its body read."""
        try:
            with concurrency.time_limit(ANSWER_SECONDS):
                answer: requests.Response = super().send(request, **{**options, "stream": True})
                body = _read(answer)
        except TimeoutError:
            raise requests.ReadTimeout("the answer takes too long") from None
        answer._content, answer._content_consumed = body, True
        return answer


def _read(answer: requests.Response) -> bytes:
    body = b""
    for part in answer.iter_content(64 * 1024):
        body += part
        if len(body) > MAX_BYTES:
            answer.close()
            raise requests.RequestException("the answer is too large")
    return body
