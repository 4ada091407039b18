"""``fenix-status upgrade check``: may this release start on this deployment?"""

from __future__ import annotations

import sys

import sqlalchemy as sa
from oslo_config import cfg
from oslo_db import exception as db_exc
from oslo_upgradecheck import upgradecheck

from fenix import concurrency, exceptions


class Checks(upgradecheck.UpgradeCommands):
    """Things that stop an upgrade, each with its remedy."""

    def _schema(self) -> upgradecheck.Result:
        from fenix.db import api, schema

        try:
            current = schema.current(api.Database(cfg.CONF))
        except (db_exc.DBError, sa.exc.SQLAlchemyError) as error:
            return upgradecheck.Result(
                upgradecheck.Code.FAILURE, f"[database] connection: {str(error).splitlines()[0]}"
            )
        if current == schema.head():
            return upgradecheck.Result(upgradecheck.Code.SUCCESS, f"schema {current}")
        return upgradecheck.Result(
            upgradecheck.Code.FAILURE,
            f"the schema is at {current or 'nothing'}, this release needs {schema.head()}: run "
            f"'fenix-manage db upgrade'",
        )

    def _plugins(self) -> upgradecheck.Result:
        from fenix.engine.plugins import Plugins

        try:
            found = Plugins(cfg.CONF)
        except exceptions.PluginError as error:
            return upgradecheck.Result(upgradecheck.Code.FAILURE, str(error))
        names = ", ".join(
            [*sorted(found.workflows), *sorted(found.actions), *sorted(found.observers)]
        )
        return upgradecheck.Result(upgradecheck.Code.SUCCESS, names)

    _upgrade_checks = (("Database schema", _schema), ("Plug-ins", _plugins))


def main() -> None:
    """Run the checks; exit status 0 when all is well, 2 when something stops the upgrade."""
    concurrency.setup()
    # Only now: the options import oslo.messaging, which settles the model of the process.
    from fenix import conf as fenix_conf

    fenix_conf.register(cfg.CONF)
    sys.exit(upgradecheck.main(cfg.CONF, project="fenix", upgrade_command=Checks()))


if __name__ == "__main__":
    main()
