"""The manager that is tried out: where it listens, and its process if it is started here."""

from __future__ import annotations

import os
import pathlib
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

_LOOK = 0.2
_ENDS_IN = 10.0


class ManagerError(Exception):
    """There is no manager to try out; the text says why, and what would help."""


class Manager:
    """A command's process, or none when the manager runs already. Use it in a ``with`` block.

    :param command: the command and its arguments; empty starts nothing.
    :param environment: variables for it, besides those of this process.
    """

    def __init__(self, command: Sequence[str], environment: dict[str, str]) -> None:
        self._command = command
        # Whatever cloud the user works with: the manager is to work with the emulated one.
        own = {k: v for k, v in os.environ.items() if not k.startswith("OS_")}
        self._environment = {**own, **environment}
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Manager:
        if self._command:
            try:
                self._process = subprocess.Popen(self._command, env=self._environment)  # noqa: S603
            except OSError as error:
                raise ManagerError(
                    f"{self._command[0]}: {error.strerror}; give the command that starts it"
                ) from None
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(_ENDS_IN)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def wait(self, ready: Callable[[], bool], seconds: float, what: str) -> None:
        """Wait until the manager is ready.

        :param what: what is waited for, for the error.
        :raises ManagerError: it is not in time, or its process has ended.
        """
        end = time.monotonic() + seconds
        while not ready():
            if self._process is not None and self._process.poll() is not None:
                raise ManagerError(
                    f"{pathlib.Path(self._command[0]).name} ended with exit code "
                    f"{self._process.returncode} before there was {what}"
                )
            if time.monotonic() > end:
                raise ManagerError(
                    f"still no {what} after {seconds:.0f} s; start the manager, or give "
                    f"its command after --"
                )
            time.sleep(_LOOK)


def listens(url: str) -> bool:
    """Whether somebody accepts connections at the address of a URL."""
    found = urlsplit(url)
    port = found.port or (443 if found.scheme == "https" else 80)
    try:
        with socket.create_connection((found.hostname or "", port), timeout=_LOOK):
            return True
    except OSError:
        return False
