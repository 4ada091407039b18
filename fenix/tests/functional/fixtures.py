"""Fixtures that gabbi files name; each file has a service and a database of its own."""

from __future__ import annotations

import os
from typing import Any

from gabbi import fixture

from fenix.tests.functional import keystone, sample
from fenix.tests.functional.service import Sections, Service

_running: list[Service] = []


def application() -> Any:
    """The application of the file that runs now; gabbi asks for it before fixtures start."""
    return lambda environ, start_response: _running[-1].app(environ, start_response)


class Api(fixture.GabbiFixture):  # type: ignore[misc]
    """The API with ``auth_strategy = noauth``, and an empty database.

    The environment holds the names of :mod:`fenix.tests.functional.sample`.
    """

    sections: Sections = {}
    engine = True

    def start_fixture(self) -> None:
        self.service = Service(self.sections, engine=self.engine)
        self.service.start()
        _running.append(self.service)
        os.environ.update(sample.NAMES)

    def stop_fixture(self) -> None:
        _running.remove(self.service)
        self.service.stop()


class ApiWithSessions(Api):
    """The same, with the sample's sessions."""

    def start_fixture(self) -> None:
        super().start_fixture()
        self.service.with_sample()


class ApiWithoutEngine(ApiWithSessions):
    """The sample's sessions, but no engine listens."""

    engine = False


class ApiWithKeystone(Api):
    """The sample's sessions behind tokens of a Keystone."""

    def start_fixture(self) -> None:
        self.keystone = keystone.Keystone()
        self.keystone.start()
        self.sections = {
            "api": {"auth_strategy": "keystone"},
            "keystone_authtoken": self.keystone.options(),
        }
        super().start_fixture()
        self.service.with_sample()
        os.environ.update(keystone.TOKENS)

    def stop_fixture(self) -> None:
        super().stop_fixture()
        self.keystone.stop()
