"""Host names, base URLs and origins."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.settings import problems


class TestAddresses:
    @pytest.mark.parametrize(
        ("environ", "expected"),
        [
            ({"PORT": "8000"}, "http://127.0.0.1:8000"),
            ({"HOST": "0.0.0.0"}, "http://127.0.0.1:5000"),
            ({"HOST": "::"}, "http://127.0.0.1:5000"),
            ({"HOST": "::1"}, "http://[::1]:5000"),
            ({"HOST": "chat.lan"}, "http://chat.lan:5000"),
            ({"BASE_URL": "http://localhost", "PORT": "8000"}, "http://localhost:8000"),
            ({"BASE_URL": "http://127.0.0.1/", "PORT": "8000"}, "http://127.0.0.1:8000"),
            ({"BASE_URL": "http://[::1]", "PORT": "8000"}, "http://[::1]:8000"),
            ({"BASE_URL": "http://localhost:3000", "PORT": "8000"}, "http://localhost:3000"),
            ({"BASE_URL": "https://localhost", "PORT": "8000"}, "https://localhost"),
            ({"BASE_URL": "https://chat.example.com/"}, "https://chat.example.com"),
            ({"BASE_URL": "HTTPS://Chat.Example.com:8443"}, "https://chat.example.com:8443"),
        ],
    )
    def test_base_url(self, load: Any, environ: dict[str, str], expected: str) -> None:
        assert load(**environ).base_url == expected

    @pytest.mark.parametrize(
        "value",
        [
            "chat.example.com",
            "ftp://chat.example.com",
            "https://",
            "https://chat.example.com/app",
            "https://chat.example.com?x=1",
            "https://chat.example.com#",
            "https://user@chat.example.com",
            "https://chat example.com",
            "https://chat.example.com:99999",
            "https://chat.example.com\\@evil.example",
            "javascript:alert(1)",
        ],
    )
    def test_invalid_base_urls(self, load: Any, value: str) -> None:
        for name in ("BASE_URL", "FRONTEND_URL"):
            assert f"  {name}=" in problems(load, **{name: value})

    @pytest.mark.parametrize("value", ["1.2.3", "999.0.0.1", "a b", "-/-", "http://x", "::g"])
    def test_invalid_hosts(self, load: Any, value: str) -> None:
        assert f"HOST={value}" in problems(load, HOST=value)

    @pytest.mark.parametrize(
        "value", ["0", "65536", "-1", "5000.0", "5_000", "٥٠٠٠", "http", "1e3"]
    )
    def test_invalid_ports(self, load: Any, value: str) -> None:
        text = problems(load, PORT=value)
        assert f"PORT={value}" in text
        assert "from 1 to 65535" in text


class TestOrigins:
    def test_our_origin_and_listed_ones_are_trusted(self, load: Any) -> None:
        settings = load(
            BASE_URL="https://chat.example.com",
            FRONTEND_URL="https://App.example.com:443/",
            SOCKET_IO_CORS="https://a.example, http://b.example:8080/ ,*, https://a.example",
        )
        assert settings.socket_io_cors == ("https://a.example", "http://b.example:8080", "*")
        assert settings.trusted_origins == {
            "https://chat.example.com",
            "https://app.example.com",
            "https://a.example",
            "http://b.example:8080",
        }
        assert settings.any_origin

    def test_a_star_trusts_no_origin(self, load: Any) -> None:
        settings = load(BASE_URL="https://chat.example.com", SOCKET_IO_CORS="*")
        assert settings.any_origin
        assert settings.trusted_origins == {"https://chat.example.com"}

    def test_localhost_has_three_names(self, load: Any) -> None:
        assert load(PORT="8000").trusted_origins == {
            "http://127.0.0.1:8000",
            "http://localhost:8000",
            "http://[::1]:8000",
        }
        assert "http://localhost" in load(BASE_URL="http://127.0.0.1:80").trusted_origins
        assert not load().any_origin

    def test_international_names_become_punycode(self, load: Any) -> None:
        settings = load(SOCKET_IO_CORS="https://Bücher.example")
        assert settings.socket_io_cors == ("https://xn--bcher-kva.example",)

    @pytest.mark.parametrize(
        "value",
        [
            "null",
            "https://*.example.com",
            "*.example.com",
            "https://a.example/path",
            "https://a.example https://b.example",
            "https://a.example,b.example",
            "file://",
        ],
    )
    def test_invalid_origins(self, load: Any, value: str) -> None:
        assert "SOCKET_IO_CORS=" in problems(load, SOCKET_IO_CORS=value)
