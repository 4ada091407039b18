"""A whole API in this process: real configuration, real SQLite, an engine behind the fake bus."""

from __future__ import annotations

import pathlib
import shutil
import tempfile
from typing import Any

from oslo_config import cfg

from fenix import conf as fenix_conf
from fenix import timing
from fenix.api import deploy
from fenix.db import schema
from fenix.db.api import Database
from fenix.rpc import transport as rpc_transport
from fenix.tests.functional import conformance, sample, stand_in

Sections = dict[str, dict[str, object]]

DEFAULTS: Sections = {
    "DEFAULT": {"transport_url": "fake://"},
    "api": {
        "auth_strategy": "noauth",
        "rpc_timeout": 1,
        "public_endpoint": "https://cloud.example.org:12347",
    },
    "cors": {"allowed_origin": "https://dashboard.example.org"},
}


class Service:
    """Start with :meth:`start`, end with :meth:`stop`.

    :param sections: options, by section, over the defaults of this module.
    :param engine: whether an engine (a stand-in) listens.
    """

    def __init__(self, sections: Sections | None = None, *, engine: bool = True) -> None:
        self._sections = sections or {}
        self._with_engine = engine
        self.app: Any = None

    def start(self) -> None:
        fenix_conf.unload(cfg.CONF)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="fenix-test-"))
        self.conf = fenix_conf.load(["--config-file", str(self.write_config())], conf=cfg.CONF)
        self.database = Database(self.conf)
        schema.upgrade(self.database)
        self.engine = stand_in.StandIn(self.conf, self.database)
        if self._with_engine:
            self.engine.start()
        self.app = self.make_app()

    def make_app(self, engine: Any = None, clock: timing.Clock | None = None) -> Any:
        """An application on this database; ``engine`` replaces the client of the bus.

        Every answer is held against the API's description of itself.
        """
        return conformance.Conforming(deploy.make_app(self.conf, self.database, engine, clock))

    def write_config(self) -> pathlib.Path:
        merged: Sections = {
            **DEFAULTS,
            "database": {"connection": f"sqlite:///{self.folder}/fenix.sqlite"},
        }
        for section, options in self._sections.items():
            merged[section] = {**merged.get(section, {}), **options}
        path = self.folder / "fenix.conf"
        lines = []
        for section, options in merged.items():
            lines += [f"[{section}]", *(f"{k} = {v}" for k, v in options.items())]
        path.write_text("\n".join(lines) + "\n")
        return path

    def stop(self) -> None:
        if self._with_engine:
            self.engine.stop()
        self.database.dispose()
        # All services of a process share its bus, which keeps what nobody took: a command that
        # found no engine would be carried out by the next service's.
        rpc_transport.make(self.conf).cleanup()
        fenix_conf.unload(cfg.CONF)
        shutil.rmtree(self.folder, ignore_errors=True)

    def with_sample(self) -> None:
        """Write the sessions of :mod:`fenix.tests.functional.sample`."""
        sample.write(self.database)
