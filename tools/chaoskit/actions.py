"""Host actions whose effect the emulated cloud keeps: one can tell that it was done, one cannot.

``metadata``: ``{"url": where the effect is asked for, "seconds": real time before and after it}``.
"""

import os
import signal
import time

import requests

from chaoskit import scene
from fenix.workflow.action import BaseAction, Result, State

_TIMEOUT = 10
_SLICE = 0.1


class Reinstall(BaseAction):
    """An effect, once; whoever asks again is told that it holds."""

    def done(self):
        """Ask the host."""
        answer = requests.get(self._url(), timeout=_TIMEOUT)
        answer.raise_for_status()
        return answer.json()["done"]

    def run(self):
        """Prepare, have the effect, and clean up."""
        self._work()
        self.task.heartbeat()
        requests.post(self._url(), timeout=_TIMEOUT).raise_for_status()
        if self.task.hostname == scene.CONTROLLER and self.task.attempt == 1:
            # This engine lives on the controller that it maintains.
            os.kill(os.getpid(), signal.SIGKILL)
        self._work()
        return Result(State.SUCCEEDED)

    def _work(self):
        until = time.monotonic() + self.task.metadata["seconds"]
        while (left := until - time.monotonic()) > 0:
            time.sleep(min(_SLICE, left))
            self.task.heartbeat()

    def _url(self):
        task = self.task
        return f"{task.metadata['url']}/{task.hostname}/{type(self).__name__}/{task.key}"


class Reboot(Reinstall):
    """The same without a look: repeated when an engine dies in it, with the same key."""

    def done(self):
        """Nobody can tell."""
        return False


PLUGINS = {"chaos_reinstall": Reinstall, "chaos_reboot": Reboot}
