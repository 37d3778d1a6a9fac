import sys

import pytest

from xmlresource.cli import main


def test_without_the_extra_it_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("pygls", "pygls.io_", "pygls.lsp.server", "lsprotocol"):
        monkeypatch.setitem(sys.modules, name, None)
    for name in [name for name in sys.modules if name.startswith("xmlresource.language_server")]:
        monkeypatch.delitem(sys.modules, name)
    assert main(["server"]) == 2
    assert "pip install 'xmlresource[lsp]'" in capsys.readouterr().err


@pytest.mark.parametrize("port", ["-1", "65536", "x", "1e3", "99999999999999"])
def test_a_port_is_a_port(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["server", f"--tcp={port}"])
    assert caught.value.code == 2
    assert "a port from 0 to 65535" in capsys.readouterr().err
