"""Processes of the measured service, and what they have used."""

import os
import pathlib
import subprocess
import sys

from benchmarks.service.neighbours import ROOT

_TICK = os.sysconf("SC_CLK_TCK")
_ENDS_IN = 40


class Process:
    """A command of this Python, with its children; what it prints goes to a log."""

    def __init__(self, name, folder, *command, **environment):
        self.name = name
        self.log = folder / f"{name}.log"
        paths = [str(ROOT), str(ROOT / "tools"), os.environ.get("PYTHONPATH", "")]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, *command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={
                    **os.environ,
                    "PYTHONPATH": os.pathsep.join(filter(None, paths)),
                    **environment,
                },
            )

    def demand_alive(self):
        """Raises RuntimeError with the end of its log when the process has ended."""
        if self._process.poll() is not None:
            tail = self.log.read_text(errors="replace").splitlines()[-5:]
            raise RuntimeError(f"{self.name} ended: {' | '.join(tail)}")

    def stop(self):
        """Ask it to end, and wait."""
        self._process.terminate()
        try:
            self._process.wait(_ENDS_IN)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def cpu(self):
        """Seconds of processor time that it and its children have used."""
        return sum(_cpu(pid) for pid in self._pids())

    def memory(self):
        """MiB of resident memory of the largest of them, the one that works."""
        return max(_status(pid, "VmRSS") for pid in self._pids())

    def peak(self):
        """MiB that the largest of them has held at the most."""
        return max(_status(pid, "VmHWM") for pid in self._pids())

    def _pids(self):
        self.demand_alive()
        todo, found = [self._process.pid], []
        while todo:
            pid = todo.pop()
            found.append(pid)
            for children in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
                todo.extend(int(child) for child in children.read_text().split())
        return found


def _cpu(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICK


def _status(pid, name):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1]) / 1024
    raise RuntimeError(f"/proc/{pid}/status has no {name}")
