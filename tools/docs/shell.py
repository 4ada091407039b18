"""One shell for the commands of a page, as a reader would have it."""

import contextlib
import os
import pathlib
import signal
import subprocess
import threading
import time

_MARK = "@@docs@@"
#: Seconds for which a command in the background must not end.
_LIVES = 3
#: Seconds for daemons to end after they were asked to.
_ENDS_IN = 15


class Shell:
    """A bash in a folder; variables that a command sets are there for the next."""

    def __init__(self, folder, environment):
        self._folder = pathlib.Path(folder)
        self._script = self._folder / ".command"
        self._out = self._folder / ".output"
        self._environment = environment
        self._process = None
        self._answers = None
        self._start()

    def _start(self):
        read, write = os.pipe()
        self._process = subprocess.Popen(
            ["bash", "--noprofile", "--norc"],
            cwd=self._folder,
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=write,
            stderr=write,
            start_new_session=True,
        )
        os.close(write)
        self._answers = os.fdopen(read, "r", errors="replace")

    def run(self, command, seconds):
        """Exit code (None: it did not end in time) and output of a command."""
        self._script.write_text(command + "\n")
        timer = threading.Timer(seconds, self._kill)
        timer.start()
        try:
            self._process.stdin.write(
                f". {self._script} > {self._out} 2>&1 < /dev/null; echo {_MARK} $?\n".encode()
            )
            self._process.stdin.flush()
            for line in self._answers:
                if line.startswith(_MARK):
                    return int(line.split()[1]), self._out.read_text(errors="replace")
            text = self._out.read_text(errors="replace") if self._out.exists() else ""
            return None, text
        except BrokenPipeError:
            return None, "the shell of this page has ended"
        finally:
            timer.cancel()

    def start(self, command):
        """Begins a command that does not end by itself; it has failed when it ends at once."""
        log = f".background-{time.monotonic_ns()}"
        watch = f"sleep {_LIVES}; kill -0 $! || (cat {log}; exit 1)"
        return self.run(f"({command}) > {log} 2>&1 & {watch}", 10 * _LIVES)

    def _kill(self):
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return

    def stop(self):
        """Ends the shell, and all that it began: first politely."""
        until = time.monotonic() + _ENDS_IN
        while (left := self._begun()) and time.monotonic() < until:
            for pid in left:
                _signal(pid, signal.SIGTERM)
            time.sleep(0.2)
        for pid in self._begun():
            _signal(pid, signal.SIGKILL)
        self._process.wait()
        self._answers.close()

    def _begun(self):
        """Processes of the shell's session; daemons leave that, but stay in the folder."""
        found = [
            int(entry.name) for entry in pathlib.Path("/proc").iterdir() if entry.name.isdigit()
        ]
        return [pid for pid in found if self._is_ours(pid)]

    def _is_ours(self, pid):
        try:
            there = pathlib.Path(os.readlink(f"/proc/{pid}/cwd"))
            return os.getsid(pid) == self._process.pid or there.is_relative_to(self._folder)
        except (FileNotFoundError, PermissionError, ProcessLookupError):
            # It has ended, or is somebody else's.
            return False


def _signal(pid, number):
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
