"""What is checked before a start: settings, the port, folders, other servers."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

import config
from chatapp.ops import preflight
from chatapp.ops.errors import NotReady
from chatapp.ops.port_check import check_port
from tests.support.preflight import run

pytestmark = pytest.mark.database


class TestSettings:
    def test_wrong_settings_exit_with_2_and_say_why(self, tmp_path: Path) -> None:
        code, output = run(tmp_path, PORT="x", JWT_SECRET="short")
        assert code == 2
        assert "2 settings are wrong" in output
        assert "PORT=x" in output
        assert "Traceback" not in output

    def test_a_missing_library_is_named(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
        monkeypatch.setenv("CONCURRENCY", "gevent")
        monkeypatch.setenv("INSTANCE_DIR", str(tmp_path))
        monkeypatch.setattr(config, "ENV_FILE", tmp_path / ".env")
        assert preflight.main() == 2
        assert "requirements-gevent.txt" in capsys.readouterr().err


class TestPort:
    def test_a_port_in_use_is_named_with_another_to_choose(self, tmp_path: Path, port: str) -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", int(port)))
            taken.listen()
            code, output = run(tmp_path, PORT=port)
        assert code == 1
        assert f"port {port} on 127.0.0.1 is in use" in output
        assert "PORT=" in output.replace(f"PORT={port}", "")
        assert "Traceback" not in output
        assert not (tmp_path / "chatapp.db").exists()

    def test_the_proposed_port_is_free(self, port: str) -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", int(port)))
            taken.listen()
            with pytest.raises(NotReady) as caught:
                check_port("127.0.0.1", int(port))
        proposed = int(str(caught.value).split("PORT=")[1].split()[0])
        assert proposed != int(port)
        check_port("127.0.0.1", proposed)

    def test_a_port_in_time_wait_is_free(self, port: str) -> None:
        with socket.create_server(("127.0.0.1", int(port)), reuse_port=False) as server:
            client = socket.create_connection(server.getsockname())
            server.accept()[0].close()  # the side that closes first keeps the port in TIME_WAIT
            client.close()
        check_port("127.0.0.1", int(port))

    @pytest.mark.parametrize("host", ["203.0.113.7", "no-such-host.invalid"])
    def test_an_address_of_another_computer(self, host: str, port: str) -> None:
        with pytest.raises(NotReady, match=f"HOST={host} isn't an address"):
            check_port(host, int(port))


@pytest.mark.slow
def test_an_unreachable_server_is_a_clear_message(tmp_path: Path, port: str) -> None:
    code, output = run(
        tmp_path, DATABASE_URL="postgres://ada:topsecret@127.0.0.1:1/chat", PORT=port
    )
    assert code == 1
    assert "can't be reached" in output
    assert "topsecret" not in output
    assert "Traceback" not in output


@pytest.mark.slow
def test_a_folder_for_files_that_cannot_be_written_stops_the_start(
    tmp_path: Path, port: str
) -> None:
    (tmp_path / "media").write_text("no folder", encoding="utf-8")
    code, output = run(tmp_path, MEDIA_URL=f"file:{tmp_path}/media/deeper", PORT=port)
    assert code == 1
    assert "Check MEDIA_URL" in output
    assert "Traceback" not in output


@pytest.mark.slow
def test_an_unreachable_session_store_does_not_stop_the_start(tmp_path: Path, port: str) -> None:
    address = "redis://:topsecret@127.0.0.1:1/0"
    code, output = run(tmp_path, SESSION_URL=address, PORT=port)
    assert code == 0, output
    assert "the session store redis://***@127.0.0.1:1/0 doesn't answer" in output
    assert "topsecret" not in output


@pytest.mark.parametrize(
    "address", ["redis://h:topsecret/0", "mongodb://ada:top@secret@h/d", "mongodb://h:topsecret/d"]
)
@pytest.mark.slow
def test_an_invalid_session_store_address_stops_the_start(
    tmp_path: Path, port: str, address: str
) -> None:
    code, output = run(tmp_path, SESSION_URL=address, PORT=port)
    assert code == 1
    assert "can't be read" in output
    assert "Traceback" not in output
