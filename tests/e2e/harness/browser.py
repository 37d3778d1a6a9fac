"""A headless Chromium, driven by its DevTools protocol over a pipe: no driver, no port.

https://chromedevtools.github.io/devtools-protocol/ describes the methods.
"""

from __future__ import annotations

import base64
import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

_FLAGS: Final = (
    "--headless",
    "--no-sandbox",  # the tests are root
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-pipe",
)
# The protocol takes the descriptors 3 and 4.
_LAUNCHER: Final = """
import fcntl, os, sys
ends = [fcntl.fcntl(int(each), fcntl.F_DUPFD, 10) for each in sys.argv[1:3]]
os.dup2(ends[0], 3)
os.dup2(ends[1], 4)
os.execvp("chromium", ["chromium", *sys.argv[3:]])
"""
_PATIENCE: Final = 60.0
_WIDTH: Final = 1300
_HEIGHT: Final = 900


class Browser:
    """One page in a browser."""

    def __init__(self, commands: int, answers: int) -> None:
        self._commands, self._answers = commands, answers
        self._session: str | None = None
        self._number = 0
        self._read = b""
        self.complaints: list[str] = []
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        attached = self.ask("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Accessibility"):
            self.ask(f"{domain}.enable")

    def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Have the browser do something; its answer comes back."""
        self._number += 1
        number = self._number
        message: dict[str, Any] = {"id": number, "method": method, "params": parameters}
        if self._session is not None:
            message["sessionId"] = self._session
        os.write(self._commands, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == number:
                assert "error" not in answer, answer
                result: dict[str, Any] = answer["result"]
                return result

    def open(self, file: Path) -> None:
        """Load a file, and wait for it."""
        self.ask("Page.navigate", url=file.as_uri())
        end = time.monotonic() + _PATIENCE
        while self.run("document.readyState + location.href") != f"complete{file.as_uri()}":
            assert time.monotonic() < end, "the page was not loaded in time"
            time.sleep(0.02)

    def run(self, expression: str) -> Any:
        """The value of an expression in the page, which its policy does not hinder."""
        found = self.ask("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def press(self, key: str, code: int, text: str = "") -> None:
        """Press a key."""
        shared = {"key": key, "code": key, "windowsVirtualKeyCode": code}
        kind = {"type": "keyDown", "text": text} if text else {"type": "rawKeyDown"}
        self.ask("Input.dispatchKeyEvent", **kind, **shared)
        self.ask("Input.dispatchKeyEvent", type="keyUp", **shared)

    def prefer(self, scheme: str) -> None:
        """Have the user prefer ``light`` or ``dark``."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.ask("Emulation.setEmulatedMedia", features=features)

    def size(self, width: int, height: int) -> None:
        """Give the window a size."""
        self.ask(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )

    def picture(self) -> bytes:
        """What is seen, as PNG."""
        return base64.b64decode(self.ask("Page.captureScreenshot", format="png")["data"])

    def spoken(self) -> list[tuple[str, str]]:
        """The roles and names that a screen reader is told."""
        nodes = self.ask("Accessibility.getFullAXTree")["nodes"]
        return [
            (node.get("role", {}).get("value", ""), node.get("name", {}).get("value", ""))
            for node in nodes
            if not node["ignored"]
        ]

    def _next(self) -> dict[str, Any]:
        """The next message; complaints of the page are noted."""
        end = time.monotonic() + _PATIENCE
        while b"\0" not in self._read:
            ready, _, _ = select.select([self._answers], [], [], max(0, end - time.monotonic()))
            assert ready, "the browser does not answer"
            chunk = os.read(self._answers, 1 << 20)
            assert chunk, "the browser has ended"
            self._read += chunk
        text, _, self._read = self._read.partition(b"\0")
        message: dict[str, Any] = json.loads(text)
        if message.get("method") == "Log.entryAdded":
            self.complaints.append(message["params"]["entry"]["text"])
        elif message.get("method") in {"Runtime.consoleAPICalled", "Runtime.exceptionThrown"}:
            self.complaints.append(json.dumps(message["params"]))
        return message


@contextmanager
def browser(folder: Path) -> Iterator[Browser]:
    """A browser of its own, with a new profile below ``folder``."""
    command_end, commands = os.pipe()
    answers, answer_end = os.pipe()
    with (folder / "chromium.log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 -- ours
            [
                *(sys.executable, "-c", _LAUNCHER, str(command_end), str(answer_end)),
                *_FLAGS,
                f"--user-data-dir={folder / 'profile'}",
                f"--window-size={_WIDTH},{_HEIGHT}",
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=(command_end, answer_end),
            env={**os.environ, "HOME": str(folder)},
        )
    os.close(command_end)
    os.close(answer_end)
    try:
        yield Browser(commands, answers)
    finally:
        os.close(commands)  # it ends by itself then
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        os.close(answers)
