"""The contract of host observers: neighbours that are told what becomes of hosts."""

from __future__ import annotations

import abc
import dataclasses
import datetime
from typing import Any, Protocol

from oslo_config import cfg

from fenix.cloud.keystone import ServiceAuth


@dataclasses.dataclass(frozen=True, slots=True)
class HostEvent:
    """What ``maintenance.host`` says of a host (contract section 5).

    ``state``: ``IN_MAINTENANCE``, ``MAINTENANCE_COMPLETE``, ``HOST_ADDED`` or ``HOST_REMOVED``.
    ``session_id``: empty where no session has to do with it. ``at``: when it happened, UTC.
    ``event_id``: the same for every try to tell the same.
    """

    hostname: str
    state: str
    session_id: str
    at: datetime.datetime
    event_id: str


class Memory(Protocol):
    """What an observer keeps about one host, in the database: it outlives every engine."""

    def recall(self) -> Any:
        """What was kept; None: nothing."""
        ...

    def keep(self, value: Any) -> None:
        """Keep something (JSON) before what depends on it is done; None forgets it."""
        ...


class BaseHostObserver(abc.ABC):
    """Brings a neighbour in line with what becomes of hosts.

    One object for each engine, used by several threads, each for another host. For one host
    events come one after the other and in order, over all sessions and engines.

    :param conf: the configuration; options of one's own are registered by :meth:`configured`.
    :param auth: the user of ``[service_auth]``, for calls to the cloud's services.
    """

    def __init__(self, conf: cfg.ConfigOpts, auth: ServiceAuth) -> None:
        self.conf = conf
        self.auth = auth

    @classmethod
    def configured(cls, conf: cfg.ConfigOpts) -> None:
        """Look at the plug-in's own configuration, once when an engine starts.

        :raises PluginError: it is wrong; the engine does not start.
        """
        return

    @abc.abstractmethod
    def observe(self, event: HostEvent, memory: Memory) -> str | None:
        """Tell the neighbour, in bounded time. No session waits for it.

        It may be called again for an event that was told already, after a crash: find out what
        is there, and do what is missing.

        :returns: what was done, for the history of the session; None: there was nothing to do.
        :raises Exception: the neighbour did not take it; it is tried again later, with the
            text in the log. Let errors of :class:`fenix.exceptions.CloudError` pass.
        """
