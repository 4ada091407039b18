"""A report of everything an engine is at, on demand: oslo.reports' guru meditation.

SIGUSR2, or a change of the file ``[oslo_reports] file_event_handler``, makes a worker print threads
with their traces, the configuration without its secrets, and what :meth:`.Engine.holds` says.
"""

from __future__ import annotations

import logging
import signal
from typing import Any

from oslo_config import cfg
from oslo_reports import guru_meditation_report
from oslo_reports.models import with_default_views

from fenix import version
from fenix.engine.service import Engine

LOG = logging.getLogger(__name__)

_Reports = guru_meditation_report.TextGuruMeditation
_SERVICE = "fenix-engine"
_SECTION = "Engine"
_PARENT = {"process": "the parent, which holds nothing; ask its workers"}


class _Version:
    """What oslo.reports asks a package for."""

    def vendor_string(self) -> str:
        return "OpenStack"

    def product_string(self) -> str:
        return "Fenix"

    def version_string_with_package(self) -> str:
        return version.__version__


class Reporting(Engine):
    """An engine that reports when it is told to. One in a process."""

    def __init__(self, conf: cfg.ConfigOpts, **more: Any) -> None:
        super().__init__(conf, **more)
        self._reports_conf = conf
        _Reports.register_section(_SECTION, self._section)

    def listen(self) -> None:
        """Hear the signal in this process and in those that it forks; in the main thread.

        A worker's :meth:`start` runs in another thread, which may not set a handler.
        """
        self._set_up(signum=signal.SIGUSR2)

    def start(self) -> None:
        """Start, and watch the file: that takes a thread of the worker's own."""
        super().start()
        if self._reports_conf.oslo_reports.file_event_handler:
            try:
                self._set_up()
            except OSError as error:
                LOG.error("[oslo_reports] file_event_handler: %s; no reports are made", error)

    def _set_up(self, **more: Any) -> None:
        _Reports.setup_autorun(_Version(), service_name=_SERVICE, conf=self._reports_conf, **more)

    def _section(self) -> Any:
        return with_default_views.ModelWithDefaultViews(
            data=self.holds() if self.engine_id else _PARENT
        )
