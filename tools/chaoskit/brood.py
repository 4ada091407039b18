"""The engines and APIs under test: born of the nursery, killed, stopped and woken."""

import dataclasses
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time

from benchmarks.service.neighbours import ROOT

_BORN_IN = 60
_BACKLOG = 512


@dataclasses.dataclass(eq=False)
class Child:
    """A process. ``ready``: it works; ``stopped``: it was sent SIGSTOP."""

    kind: str
    pid: int = 0
    ready: bool = False
    stopped: bool = False
    ended: bool = False

    @property
    def works(self):
        """Whether it can do anything now."""
        return self.ready and not self.stopped and not self.ended


class Brood:
    """Use it in a ``with`` block. All APIs serve one socket, ``port`` of loopback."""

    def __init__(self, folder):
        self._folder = folder
        self._listener = socket.socket()
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen(_BACKLOG)
        self._listener.set_inheritable(True)
        self.port = self._listener.getsockname()[1]
        self.children = []
        self.conf = None
        self._changed = threading.Condition()
        self._waiting = []
        self._is_preloaded = False

    def __enter__(self):
        paths = [str(ROOT), str(ROOT / "tools"), os.environ.get("PYTHONPATH", "")]
        with (self._folder / "nursery.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "chaoskit.nursery", str(self._listener.fileno())],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                pass_fds=[self._listener.fileno()],
                env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))},
            )
        threading.Thread(target=self._listen, daemon=True).start()
        with self._changed:
            if not self._changed.wait_for(lambda: self._is_preloaded, _BORN_IN):
                raise RuntimeError("the nursery does not start; see nursery.log")
        return self

    def __exit__(self, *_):
        self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._listener.close()

    def _listen(self):
        for line in self._process.stdout:
            ((what, pid),) = json.loads(line).items()
            with self._changed:
                self._hear(what, pid)
                self._changed.notify_all()

    def _hear(self, what, pid):
        if what == "preloaded":
            self._is_preloaded = True
        elif what == "born":
            child = self._waiting.pop(0)
            child.pid = pid
            self.children.append(child)
        else:
            child = next((c for c in self.children if c.pid == pid), None)
            if child is not None and what == "ready":
                child.ready = True
            elif child is not None:
                child.ended = True
                self.children.remove(child)

    def bear(self, kind):
        """Start an ``engine`` or ``api``; returns at once."""
        order = {
            "kind": kind,
            "conf": str(self.conf),
            "log": str(self._folder / f"{kind}.log"),
        }
        with self._changed:
            child = Child(kind)
            self._waiting.append(child)
            self._process.stdin.write(json.dumps(order).encode() + b"\n")
            self._process.stdin.flush()
        return child

    def those(self, kind, *, working=True):
        """Children of one kind: those that work, or all that live."""
        with self._changed:
            return [
                c
                for c in self.children
                if c.kind == kind and not c.ended and (c.works or not working)
            ]

    def count(self, kind):
        """How many live or are about to be born."""
        with self._changed:
            return sum(1 for c in [*self.children, *self._waiting] if c.kind == kind)

    def wait_ready(self, child):
        """Return when a child works. Raises RuntimeError when it does not."""
        with self._changed:
            if not self._changed.wait_for(lambda: child.ready or child.ended, _BORN_IN):
                raise RuntimeError(f"the {child.kind} does not start; see {child.kind}.log")
            if child.ended:
                raise RuntimeError(f"the {child.kind} ended at its start; see {child.kind}.log")

    def send(self, child, number):
        """Send a signal. Returns False when the child had ended."""
        with self._changed:
            if child.ended or not child.pid:
                return False
            child.stopped = number == signal.SIGSTOP
            os.kill(child.pid, number)
            if number == signal.SIGKILL:
                child.ended = True
                self.children.remove(child)
        return True

    def end_all(self):
        """Kill everybody, and wait until none is left."""
        for child in list(self.children):
            self.send(child, signal.SIGKILL)
        until = time.monotonic() + _BORN_IN
        while self._waiting and time.monotonic() < until:
            time.sleep(0.05)
        for child in list(self.children):
            self.send(child, signal.SIGKILL)
