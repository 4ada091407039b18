"""The carriers of an engine: what takes the rows of the outbox."""

from __future__ import annotations

from oslo_config import cfg

from fenix import timing
from fenix.db import records
from fenix.db.api import Database
from fenix.engine import observing
from fenix.engine.plugins import Plugins
from fenix.notifications.carrier import Carrier
from fenix.notifications.publisher import Publisher
from fenix.notifications.webhook.caller import Caller


def every(
    conf: cfg.ConfigOpts,
    publisher: Publisher,
    plugins: Plugins,
    database: Database,
    clock: timing.Clock,
) -> list[Carrier]:
    """Each with a sender of its own, so that none delays another.

    :raises PluginError: an observer cannot be made.
    """
    return [
        # Looked up at each call: what publishes may be exchanged while an engine runs.
        Carrier(
            name=records.BUS,
            deliver=lambda row: publisher.publish(row),
            pause=conf.notifications.retry_interval,
        ),
        *observing.carriers(conf, plugins.observers.items(), database, clock),
        Caller(conf, database, clock).carrier(),
    ]
