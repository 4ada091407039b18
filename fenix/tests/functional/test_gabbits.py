"""The API as its clients use it: every YAML file in ``gabbits`` is a suite."""

from __future__ import annotations

import pathlib
import unittest

from gabbi import driver

from fenix.tests.functional import fixtures

_FILES = pathlib.Path(__file__).parent / "gabbits"


def load_tests(
    loader: unittest.TestLoader, tests: unittest.TestSuite, pattern: str | None
) -> unittest.TestSuite:
    """Make tests of the files."""
    return driver.build_tests(
        str(_FILES),
        loader,
        intercept=fixtures.application,
        fixture_module=fixtures,
        test_loader_name=__name__,
    )
