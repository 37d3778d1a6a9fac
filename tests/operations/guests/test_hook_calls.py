"""Each folder in fixtures/hook-calls is a test: what libvirt calls, in order, and the answers.

``calls.json`` is a list of ``{"words": argv, "stdin": file, "status": int, "says": [text…]}``; the
host has 8 GiB and no guests before.
"""

import io
import json
import sys
from pathlib import Path

import pytest

from tests.fakes.host import FakeHost
from xmlresource import hook
from xmlresource.operations.guests.hook_events import answer

CALLS = Path(__file__).parents[3] / "fixtures" / "hook-calls"


@pytest.mark.parametrize("case", sorted(path.name for path in CALLS.iterdir()))
def test_answers(
    case: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    host = FakeHost(tmp_path)
    monkeypatch.setattr(hook, "answer_for_policy", lambda *call: answer(*call, host.machine))
    for call in json.loads((CALLS / case / "calls.json").read_text()):
        document = (CALLS / case / call["stdin"]).read_bytes()
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(document)))
        status = hook.main(call["words"])
        said = capsys.readouterr()
        assert (status, said.out) == (call["status"], ""), said.err
        for text in call["says"]:
            assert text in said.err
        assert call["says"] or call["status"] == 0
