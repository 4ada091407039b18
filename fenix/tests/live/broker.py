"""The broker of tools/services, for one test at a time."""

from __future__ import annotations

import fcntl
import os
import pathlib
import tempfile

import testtools

VARIABLE = "FENIX_TEST_RABBIT"


def taken(case: testtools.TestCase) -> str:
    """Its URL; it is this test's until that ends.

    Queues are named after topics, so two services on one broker would share them.
    """
    broker = os.environ.get(VARIABLE)
    if not broker:
        case.skipTest(f"{VARIABLE} is not set: 'tools/services up' starts the server")
    lock = (pathlib.Path(tempfile.gettempdir()) / "fenix-test-broker.lock").open("w")
    fcntl.flock(lock, fcntl.LOCK_EX)
    case.addCleanup(lock.close)
    return str(broker)
