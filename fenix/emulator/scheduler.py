"""Where a server may go: capacity, disabled services, zones, traits, server groups."""

import heapq
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from fenix.emulator.entities import Aggregate, Flavor, ServerGroup
from fenix.emulator.host import Host, Service
from fenix.emulator.timings import Timings


@dataclass(slots=True, frozen=True)
class Wish:
    """What a place must offer. ``server`` is the id of one that is moving, if any."""

    flavor: Flavor
    group: ServerGroup | None = None
    zone: str | None = None
    server: str = ""


class Scheduler:
    """Picks hosts, emptiest first. Knows all hosts; needs the cloud's lock."""

    def __init__(self, now: Callable[[], float], timings: Timings) -> None:
        self._now = now
        self._timings = timings
        self.hosts: dict[str, Host] = {}
        self.aggregates: dict[str, Aggregate] = {}
        self._queue: list[tuple[float, int, str]] = []
        self._keys: dict[str, tuple[float, int, str]] = {}
        self._groups: dict[str, dict[str, dict[str, None]]] = {}

    def changed(self, host: Host) -> None:
        """Note a change of what is allocated on ``host``."""
        if host.is_compute:
            key = (-host.free_share, host.number, host.name)
            if self._keys.get(host.name) != key:
                self._keys[host.name] = key
                heapq.heappush(self._queue, key)
            if len(self._queue) > 4 * len(self._keys) + 64:
                self._queue = sorted(self._keys.values())

    def joins(self, group: ServerGroup | None, server_id: str, host: Host) -> None:
        """A member of the group is on ``host`` or on its way there."""
        if group is not None:
            at = self._groups.setdefault(group.id, {})
            at.setdefault(host.name, {})[server_id] = None

    def leaves(self, group: ServerGroup | None, server_id: str, host: Host) -> None:
        """A member of the group is no longer on ``host`` nor on its way there."""
        if group is not None:
            at = self._groups.get(group.id, {})
            members = at.get(host.name, {})
            members.pop(server_id, None)
            if not members:
                at.pop(host.name, None)

    def service_up(self, service: Service | None) -> bool:
        """What Nova says: ``up`` until ``service_down_time`` after the last report."""
        if service is None or service.forced_down:
            return False
        return self._now() - self.last_report(service) < self._timings.service_down_time

    def last_report(self, service: Service) -> float:
        """Model time when the service reported last."""
        alive = self._now() if service.down_since is None else service.down_since
        return alive - alive % self._timings.report_interval

    def refusal(self, host: Host, wish: Wish) -> str | None:
        """Why the server cannot go to ``host``; None when it can."""
        service = host.compute
        if service is None:
            return "it is no compute host"
        if service.status == "disabled":
            return "its compute service is disabled"
        if not self.service_up(service):
            return "its compute service is down"
        if wish.zone and wish.zone != host.availability_zone:
            return f"it is not in availability zone {wish.zone}"
        for spec, value in wish.flavor.extra_specs.items():
            if spec.startswith("trait:"):
                has = spec[len("trait:") :] in host.traits
                if (value == "required" and not has) or (value == "forbidden" and has):
                    return f"trait {spec[len('trait:') :]} is {value}"
            elif spec.startswith("aggregate_instance_extra_specs:"):
                key = spec.partition(":")[2]
                if value not in self.labels(host).get(key, ()):
                    return f"it is in no aggregate with {key}={value}"
        if not host.fits(wish.flavor.resources):
            return "it is full"
        return self.policy_refusal(host, wish.group, wish.server)

    def labels(self, host: Host) -> dict[str, set[str]]:
        """Keys and values of the metadata of the host's aggregates."""
        found: dict[str, set[str]] = {}
        for aggregate in self.aggregates.values():
            if host.name in aggregate.hosts:
                for key, text in aggregate.metadata.items():
                    found.setdefault(key, set()).update(v.strip() for v in text.split(","))
        return found

    def policy_refusal(self, host: Host, group: ServerGroup | None, server_id: str) -> str | None:
        """Why the group's hard policy forbids ``host``; None when it does not."""
        if group is None or group.policy not in ("anti-affinity", "affinity"):
            return None
        at = self._groups.get(group.id, {})
        if group.policy == "anti-affinity":
            others = sum(member != server_id for member in at.get(host.name, ()))
            return "anti-affinity" if others >= group.max_server_per_host else None
        # The server's own place counts, too: Nova leaves a member no other host.
        elsewhere = any(on for name, on in at.items() if name != host.name)
        return "affinity" if elsewhere else None

    def pick(self, wish: Wish, but: Collection[Host] = ()) -> Host | None:
        """The emptiest host that may take the server, none of ``but``; None if there is none."""
        found, seen = None, []
        for key, host in self._emptiest():
            seen.append(key)
            if host not in but and self.refusal(host, wish) is None:
                found = host
                break
        for key in seen:
            heapq.heappush(self._queue, key)
        return found

    def _emptiest(self) -> Iterator[tuple[tuple[float, int, str], Host]]:
        last = None
        while self._queue:
            key = heapq.heappop(self._queue)
            if key != last and self._keys.get(key[2]) == key:
                yield key, self.hosts[key[2]]
            last = key
