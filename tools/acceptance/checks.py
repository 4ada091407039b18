"""What is checked, and how it came out."""

import contextlib
import time
import traceback

POLL = 0.3


class Unmet(Exception):
    """Something that everything after it depends on did not happen."""


class Report:
    """Counts checks, and prints each as it is made."""

    def __init__(self):
        self.passed = self.failed = 0

    def equal(self, what, expected, got):
        """One named check; returns whether it held."""
        if expected == got:
            self.passed += 1
            print(f"ok {what}", flush=True)
        else:
            self.failed += 1
            print(f"FAILED: {what}, expected {expected!r}, got {got!r}", flush=True)
        return expected == got

    def none(self, what, found):
        """A check that holds when nothing was found that speaks against it."""
        return self.equal(what, [], list(found))

    @contextlib.contextmanager
    def part(self, name):
        """A part of the run; an error in it is one failure, and the next part is still run."""
        begin = time.monotonic()
        print(f"-- {name}", flush=True)
        try:
            yield
        except Exception as error:  # noqa: BLE001 - it is reported, and the run goes on
            self.failed += 1
            print(f"FAILED: {name}, expected to come to its end, got {error}", flush=True)
            if not isinstance(error, Unmet):
                traceback.print_exc(chain=False)
        print(f"-- {name}: {time.monotonic() - begin:.0f} s", flush=True)

    def last_line(self):
        """What tools/test reads."""
        return f"{self.passed} passed, {self.failed} failed"


def until(what, get, seconds=60.0, pause=POLL):
    """Calls ``get`` until it returns something true, and returns that.

    :raises Unmet: when it does not in time.
    """
    deadline = time.monotonic() + seconds
    while True:
        found = get()
        if found:
            return found
        if time.monotonic() > deadline:
            raise Unmet(f"not within {seconds:g} s: {what}; last seen: {found!r}")
        time.sleep(pause)
