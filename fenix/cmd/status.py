"""``fenix-status upgrade check``: may this release start on this deployment?"""

from __future__ import annotations

import datetime
import sys

import sqlalchemy as sa
from oslo_config import cfg
from oslo_db import exception as db_exc
from oslo_upgradecheck import upgradecheck

from fenix import concurrency, exceptions, timing, version
from fenix.db import records

#: An engine that has been silent for so long has ended.
_SILENT = datetime.timedelta(minutes=1)


class Checks(upgradecheck.UpgradeCommands):
    """Things that stop an upgrade, each with its remedy."""

    def _schema(self) -> upgradecheck.Result:
        from fenix.db import api, schema

        try:
            current = schema.current(api.Database(cfg.CONF, patience=api.PATIENCE))
        except (db_exc.DBError, sa.exc.SQLAlchemyError) as error:
            return _failure(f"[database] connection: {str(error).splitlines()[0]}")
        head = schema.head()
        if current == head:
            return _success(f"schema {current}")
        if current is None:
            return _failure(
                f"run 'fenix-manage db upgrade': the database is empty, this release needs {head}"
            )
        if schema.knows(current):
            return _warning(
                f"the schema is at {current}, this release needs {head}: run 'fenix-manage db "
                f"upgrade' before an engine or API of this release starts; those of the previous "
                f"one go on"
            )
        if current > head:
            return _warning(
                f"the schema is at {current}, newer than {head} of this release: it works on it "
                f"while a deployment is upgraded to the next release. Finish that"
            )
        return _failure(
            f"the schema is at {current}, which is no version of Fenix: [database] connection "
            f"names another database"
        )

    def _engines(self) -> upgradecheck.Result:
        """Engines that run, and were made for another version of the schema."""
        from fenix.db import api, compatibility, engines, schema

        since = timing.SystemClock().now() - _SILENT
        try:
            running = engines.seen(api.Database(cfg.CONF, patience=api.PATIENCE), since)
        except (db_exc.DBError, sa.exc.SQLAlchemyError) as error:
            return _failure(f"[database] connection: {str(error).splitlines()[0]}")
        mine = (version.__version__, schema.head())
        others = [e for e in running if (e.version, e.made_for) != mine]
        if not others:
            return _success(f"{len(running)} run, all of this release")
        named = ", ".join(_named(e) for e in others)
        apart = [e for e in others if not compatibility.may_work_beside(e.made_for)]
        if apart:
            return _failure(
                f"more than one release apart from this one: {', '.join(map(_named, apart))}; stop "
                f"them before 'fenix-manage db upgrade'"
            )
        return _warning(
            f"engines of other releases run: {named}. They may work beside this release's while a "
            f"deployment is upgraded; restart them one after the other, then the APIs"
        )

    def _plugins(self) -> upgradecheck.Result:
        from fenix.engine.plugins import Plugins

        try:
            found = Plugins(cfg.CONF)
        except exceptions.PluginError as error:
            return _failure(str(error))
        names = ", ".join(
            [*sorted(found.workflows), *sorted(found.actions), *sorted(found.observers)]
        )
        return _success(names)

    _upgrade_checks = (
        ("Database schema", _schema),
        ("Engines", _engines),
        ("Plug-ins", _plugins),
    )


def _success(text: str) -> upgradecheck.Result:
    return upgradecheck.Result(upgradecheck.Code.SUCCESS, text)


def _warning(text: str) -> upgradecheck.Result:
    return upgradecheck.Result(upgradecheck.Code.WARNING, text)


def _failure(text: str) -> upgradecheck.Result:
    return upgradecheck.Result(upgradecheck.Code.FAILURE, text)


def _named(engine: records.Engine) -> str:
    schema = f"schema {engine.made_for}" if engine.made_for else "an early schema"
    return f"{engine.engine_id} (release {engine.version}, {schema})"


def main() -> None:
    """Run the checks; exit status 0: all is well, 1: look at it, 2: it stops the upgrade."""
    concurrency.setup()
    # Only now: the options import oslo.messaging, which settles the model of the process.
    from fenix import conf as fenix_conf

    fenix_conf.register(cfg.CONF)
    sys.exit(upgradecheck.main(cfg.CONF, project="fenix", upgrade_command=Checks()))


if __name__ == "__main__":
    main()
