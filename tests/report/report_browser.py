# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A headless Chromium, driven over a pipe with the DevTools protocol: no further package, no port, no driver.

The browser may connect to nothing: every request of a page is noted, and none is answered by a network.
"""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
WAIT_SECONDS = 30


def find_browser() -> str:
    """Its path, or "" where there is none. GATE_BROWSER names another."""
    return os.environ.get("GATE_BROWSER") or next((path for path in map(shutil.which, NAMES) if path), "")


class Browser:
    """One browser with one page; a context manager."""

    def __init__(self, command: str) -> None:
        self._command = command
        self._number = 0
        self._rest = b""
        self.events: list[dict[str, Any]] = []

    def __enter__(self) -> Browser:
        self._profile = tempfile.TemporaryDirectory(prefix="gate-browser-", ignore_cleanup_errors=True)
        to_browser, self._to = os.pipe()
        self._from, from_browser = os.pipe()
        options = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--remote-debugging-pipe"]
        options += ["--no-first-run", "--disable-background-networking", "--host-resolver-rules=MAP * ~NOTFOUND"]
        options += [f"--user-data-dir={self._profile.name}"]
        # The protocol wants its pipes as the descriptors 3 and 4.
        script = f'exec "$@" 3<&{to_browser} 4>&{from_browser}'
        self._process = subprocess.Popen(
            ["bash", "-c", script, "bash", self._command, *options],
            pass_fds=(to_browser, from_browser),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        os.close(to_browser)
        os.close(from_browser)
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.page(f"{domain}.enable")
        return self

    def __exit__(self, *_error: object) -> None:
        os.close(self._to)
        self._process.terminate()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._from)
        self._profile.cleanup()

    def open(self, path: Path) -> None:
        self.events.clear()
        self.page("Page.navigate", url=path.as_uri())
        end = time.monotonic() + WAIT_SECONDS
        while not any(event["method"] == "Page.loadEventFired" for event in self.events):
            if time.monotonic() > end:
                raise TimeoutError(f"{path} did not load")
            self._read(end)

    def value(self, expression: str) -> Any:
        """What the JavaScript expression gives. A page without JavaScript of its own can still be asked."""
        answer = self.page("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise AssertionError(answer["exceptionDetails"])
        return answer["result"].get("value")

    def look_like(self, width: int, height: int = 900, scheme: str = "light", media: str = "screen") -> None:
        self.page(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )
        self.page(
            "Emulation.setEmulatedMedia", media=media, features=[{"name": "prefers-color-scheme", "value": scheme}]
        )

    def without_javascript(self, off: bool) -> None:
        self.page("Emulation.setScriptExecutionDisabled", value=off)

    def screenshot(self, path: Path) -> None:
        """The whole page, however long."""
        size = self.page("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": min(size["height"], 8000), "scale": 1}
        shot = self.page("Page.captureScreenshot", format="png", captureBeyondViewport=True, clip=clip)
        path.write_bytes(base64.b64decode(shot["data"]))

    def print_to(self, path: Path) -> None:
        path.write_bytes(base64.b64decode(self.page("Page.printToPDF", printBackground=False)["data"]))

    def requests(self) -> list[str]:
        """The addresses that the page asked for, itself left out."""
        sent = [each for each in self.events if each["method"] == "Network.requestWillBeSent"]
        return [each["params"]["request"]["url"] for each in sent if each["params"].get("type") != "Document"]

    def complaints(self) -> list[str]:
        """Errors and warnings of the console, and of what the browser itself blocks."""
        texts = []
        for event in self.events:
            if event["method"] == "Log.entryAdded":
                texts.append(event["params"]["entry"]["text"])
            elif event["method"] in ("Runtime.exceptionThrown", "Runtime.consoleAPICalled"):
                texts.append(json.dumps(event["params"]))
        return texts

    def page(self, method: str, **parameters: Any) -> dict[str, Any]:
        return self.call(method, self._session, **parameters)

    def call(self, method: str, session: str = "", **parameters: Any) -> dict[str, Any]:
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        end = time.monotonic() + WAIT_SECONDS
        while True:
            for answer in self._read(end):
                if answer["id"] == self._number:
                    if "error" in answer:
                        raise AssertionError(f"{method}: {answer['error']}")
                    return answer["result"]

    def _read(self, end: float) -> list[dict[str, Any]]:
        """The answers that have come; events are kept."""
        while b"\0" not in self._rest:
            ready, _write, _error = select.select([self._from], [], [], max(end - time.monotonic(), 0))
            read = os.read(self._from, 1 << 20) if ready else b""
            if not read:
                raise TimeoutError("the browser does not answer" if not ready else "the browser has ended")
            self._rest += read
        *messages, self._rest = self._rest.split(b"\0")
        told = [json.loads(message) for message in messages]
        self.events += [each for each in told if "method" in each]
        return [each for each in told if "id" in each]
