"""Masakari: a host in maintenance is not taken for failed, and its instances not evacuated."""

from __future__ import annotations

import logging
from typing import Any

from oslo_config import cfg

from fenix import exceptions
from fenix.cloud.keystone import ServiceAuth, guarded, read
from fenix.notifications import payloads
from fenix.workflow.observer import BaseHostObserver, HostEvent, Memory

LOG = logging.getLogger(__name__)

_PAGE = 1000


class Observer(BaseHostObserver):
    """Sets ``on_maintenance`` of a host in its segment, and back to what it was."""

    def __init__(self, conf: cfg.ConfigOpts, auth: ServiceAuth) -> None:
        super().__init__(conf, auth)
        self._http = auth.adapter_of("masakari")
        self._said: set[str] = set()

    def observe(self, event: HostEvent, memory: Memory) -> str | None:
        """See :class:`.BaseHostObserver`."""
        if event.state == payloads.HOST_REMOVED:
            memory.keep(None)
            return None
        if event.state == payloads.IN_MAINTENANCE:
            return self._begin(event.hostname, memory)
        if event.state == payloads.HOST_COMPLETE:
            return self._end(event.hostname, memory)
        return None

    def _begin(self, hostname: str, memory: Memory) -> str | None:
        host = self._find(hostname)
        if host is None:
            self._say_absent(hostname)
            return None
        if memory.recall() is None:
            # A host that is still out from an earlier session keeps what was before that one.
            memory.keep({"on_maintenance": host["on_maintenance"]})
        if host["on_maintenance"]:
            return None
        self._set(host, True)
        return "on maintenance in its segment"

    def _end(self, hostname: str, memory: Memory) -> str | None:
        known = memory.recall()
        host = self._find(hostname) if known is not None else None
        done = None
        if host is not None and not known["on_maintenance"] and host["on_maintenance"]:
            self._set(host, False)
            done = "not on maintenance any more in its segment"
        memory.keep(None)
        return done

    def _say_absent(self, hostname: str) -> None:
        if hostname not in self._said:
            self._said.add(hostname)
            LOG.info("Masakari: %s is in no segment: nothing to do", hostname)

    def _find(self, hostname: str) -> dict[str, Any] | None:
        """The host in its segment; Masakari knows each name once."""
        for segment in self._list("/segments", "segments"):
            # A filter by name is taken, and does not filter (22.0.0).
            for host in self._list(f"/segments/{segment['uuid']}/hosts", "hosts"):
                if host["name"] == hostname:
                    return host
        return None

    def _list(self, path: str, key: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        marker = ""
        while True:
            query = f"?limit={_PAGE}{marker}"
            page = read(
                f"Masakari: list {key}",
                lambda q=query: self._http.get(f"{path}{q}").json()[key],  # type: ignore[misc]
            )
            found.extend(page)
            if len(page) < _PAGE:
                return found
            marker = f"&marker={page[-1]['uuid']}"

    def _set(self, host: dict[str, Any], value: bool) -> None:
        path = f"/segments/{host['failover_segment_id']}/hosts/{host['uuid']}"
        body = {"host": {"on_maintenance": value}}
        try:
            guarded(f"Masakari: update {host['name']}", lambda: self._http.put(path, json=body))
        except exceptions.CloudBusy as error:
            raise exceptions.CloudBusy(
                f"{error}: Masakari recovers something in its segment; it is set when that is over"
            ) from error
