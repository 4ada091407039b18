"""``fenix-engine``: advance sessions."""

from __future__ import annotations

import sys

from fenix import concurrency


def main() -> None:
    """Run until SIGTERM; what makes a start impossible is said in one line, exit status 1."""
    concurrency.setup()
    # Only now: eventlet, where it is chosen, has to patch before anything is imported.
    from oslo_service import service

    from fenix import conf as fenix_conf
    from fenix import exceptions, logs
    from fenix.db import schema
    from fenix.engine.report import Reporting

    conf = fenix_conf.load()
    logs.setup(conf)
    try:
        schema.check(conf)
        engine = Reporting(conf)
    except (exceptions.PluginError, exceptions.Unavailable) as error:
        sys.exit(f"fenix-engine: {error}")
    engine.listen()
    service.launch(conf, engine, workers=conf.engine.workers, restart_method="mutate").wait()


if __name__ == "__main__":
    main()
