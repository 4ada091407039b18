"""``fenix-manage``: the database of the service."""

from __future__ import annotations

import sys
from typing import Any

import sqlalchemy as sa
from oslo_config import cfg
from oslo_db import exception as db_exc

from fenix import concurrency

_DAYS = 30


def _upgrade(conf: cfg.ConfigOpts) -> None:
    from fenix.db import api, schema

    database = api.Database(conf)
    schema.upgrade(database, conf.command.version or "head")
    print(f"The database is at version {schema.current(database)}.")


def _version(conf: cfg.ConfigOpts) -> None:
    from fenix.db import api, schema

    print(
        schema.current(api.Database(conf, patience=api.PATIENCE))
        or "none: run 'fenix-manage db upgrade'"
    )


def _purge(conf: cfg.ConfigOpts) -> None:
    from fenix.db import api, purge

    counts = purge.older_than(api.Database(conf), conf.command.older_than)
    print(f"Deleted: {', '.join(f'{n} {what}' for what, n in counts.items())}.")


def _add_commands(subparsers: Any) -> None:
    verbs = subparsers.add_parser("db", help="the database").add_subparsers(
        dest="verb", required=True
    )
    upgrade = verbs.add_parser("upgrade", help="bring the schema to the newest version")
    upgrade.add_argument("--version", help="stop at this version")
    upgrade.set_defaults(run=_upgrade)
    verbs.add_parser("version", help="print the version of the schema").set_defaults(run=_version)
    purge = verbs.add_parser("purge", help="delete the history of sessions that are gone")
    purge.add_argument(
        "--older-than",
        type=int,
        default=_DAYS,
        metavar="DAYS",
        help=f"keep what is younger than DAYS (default {_DAYS})",
    )
    purge.set_defaults(run=_purge)


def main() -> None:
    """Carry out one command; an error is said in one line, exit status 1."""
    concurrency.setup()
    # Only now: the options import oslo.messaging, which settles the model of the process.
    from fenix import conf as fenix_conf

    conf = cfg.CONF
    conf.register_cli_opt(
        cfg.SubCommandOpt("command", title="commands", handler=_add_commands, dest="command")
    )
    fenix_conf.load(conf=conf)
    try:
        conf.command.run(conf)
    except (db_exc.DBError, sa.exc.SQLAlchemyError) as error:
        sys.exit(f"fenix-manage: [database] connection: {str(error).splitlines()[0]}")


if __name__ == "__main__":
    main()
