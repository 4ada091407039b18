"""Reads a subunit stream on standard input; prints what failed, what was skipped and the numbers.

Usage: test_results.py SUITE...   The last line is "N passed, N failed, N skipped". A test that did
not end has failed, and so has a suite that has no tests, or, with CI set, only skipped ones.
"""

import collections
import os
import re
import sys

import subunit
import testtools

PASSED = {"success", "xfail"}
SUITE = re.compile(r"fenix\.tests\.(\w+)")


def suite_of(test_id):
    """Returns the suite in an id, also in "setUpClass (fenix.tests.unit...)"."""
    found = SUITE.search(test_id)
    return found.group(1) if found else "other"


class Results:
    """Counts tests, prints failures as they come."""

    def __init__(self):
        self.counts = collections.Counter()
        self.suites = collections.Counter()
        self.skipped = collections.Counter()
        self.reasons = collections.Counter()

    def add(self, test):
        """Takes one test as testtools.StreamToDict makes it."""
        if test["status"] == "exists":
            return
        details = {name: part.as_text().strip() for name, part in test["details"].items()}
        if test["status"] in PASSED:
            self.counts["passed"] += 1
        elif test["status"] == "skip":
            self.counts["skipped"] += 1
            self.skipped[suite_of(test["id"])] += 1
            self.reasons[details.get("reason", "no reason given")] += 1
        else:
            self.counts["failed"] += 1
            self.show(test, details)
        if test["status"] != "skip":
            self.suites[suite_of(test["id"])] += 1

    def show(self, test, details):
        """Prints a failure with all its details."""
        print(f"\n{'=' * 78}\n{test['status'].upper()}: {test['id']}")
        for name, text in sorted(details.items()):
            if text:
                print(f"--- {name}\n{text}")
        sys.stdout.flush()

    def finish(self, wanted):
        """Prints the summary; returns whether all is well."""
        for reason, number in sorted(self.reasons.items()):
            print(f"skipped {number}: {reason}")
        ran = [f"{n} {suite}" for suite, n in sorted(self.suites.items())]
        print("ran", ", ".join(ran) or "nothing")
        for suite in wanted:
            may_skip = self.skipped[suite] and not os.environ.get("CI")
            if not self.suites[suite] and not may_skip:
                print(f"FAIL: no test of the suite {suite} ran")
                self.counts["failed"] += 1
        print("{passed} passed, {failed} failed, {skipped} skipped".format_map(self.counts))
        return not self.counts["failed"]


class Text(testtools.StreamResult):
    """Prints what is no subunit: what the runner says about modules that cannot be imported."""

    def status(self, *args, test_id=None, file_bytes=None, **kwargs):
        """Takes one event of the stream."""
        if test_id is None and file_bytes:
            sys.stdout.buffer.write(file_bytes)


def main():
    """Reads standard input to its end."""
    results = Results()
    sink = testtools.CopyStreamResult([testtools.StreamToDict(results.add), Text()])
    sink.startTestRun()
    subunit.ByteStreamToStreamResult(sys.stdin.buffer, non_subunit_name="stdout").run(sink)
    sys.stdout.buffer.flush()
    sink.stopTestRun()
    return 0 if results.finish(sys.argv[1:]) else 1


if __name__ == "__main__":
    sys.exit(main())
