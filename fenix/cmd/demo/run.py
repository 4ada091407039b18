"""One demo from its beginning to its result."""

from __future__ import annotations

import importlib
import pathlib
import sys
import time
from typing import Any, Protocol

from fenix import states
from fenix.cmd.demo import constraints, result, topology
from fenix.cmd.demo.cluster import Cluster, Settings, in_parallel
from fenix.cmd.demo.frame import Frame
from fenix.cmd.demo.observer import Observer
from fenix.cmd.demo.options import Options
from fenix.emulator import Cloud

#: Model seconds that the maintenance of a host takes.
_HOST_WORK = 10.0
_QUICKEST = 0.1
#: Real seconds that a manager has for an answer.
_ANSWER_IN = 180
#: Real seconds without any change after which something must be wrong.
_PATIENCE = 300
#: Model seconds for instances to be made again at the end.
_SCALE_OUT = 120.0


class Display(Protocol):
    """Where frames go."""

    def show(self, frame: Frame) -> None:
        """Show a moment."""
        ...


def settings(options: Options) -> Settings:
    """The service's options that depend on the size of the cloud and the speed of its time."""
    return {
        "engine": {"cloud_poll_interval": min(0.2, max(0.05, 1 / options.speed))},
        "workflow": {
            "max_parallel_moves_per_host": max(4, options.per_host),
            # Many managers share this machine's processors: none is to fail for being slow.
            "project_maintenance_reply": _ANSWER_IN,
        },
    }


class Demo:
    """The service, the cloud and its managers. Use it in a ``with`` block."""

    def __init__(self, options: Options, directory: pathlib.Path) -> None:
        self._options = options
        size = topology.Size(options.hosts, options.per_host, options.seed)
        self.cloud: Cloud
        self.cloud, self._vnfs = topology.build(size, options.speed)
        self._whole = len(self.cloud.servers)
        self._cluster = Cluster(self.cloud, directory, settings(options))
        self._observer = Observer(self._cluster, self._vnfs, options.speed)
        self._managers: list[Any] = []
        self._given = {v.name: self._constraints(v) for v in self._vnfs}

    def __enter__(self) -> Demo:
        self._cluster.start()
        try:
            self._manage()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        in_parallel(*(m.stop for m in self._managers))
        self._cluster.stop()

    def _manage(self) -> None:
        """Start a manager for every application."""
        vnfm = sample_vnfm()
        for vnf in self._vnfs:
            manager = vnfm.VNFM(
                self._cluster.session_of(vnf.user, vnf.project),
                scalable=topology.WORKER,
                actions={topology.HA: "LIVE_MIGRATE", topology.WORKER: "MIGRATE"},
                spare=0.5,
                constraints=self._given[vnf.name] if self._is_constrained else None,
                poll=max(_QUICKEST, len(self._vnfs) / 100),
                on_event=lambda payload, vnf=vnf: self._observer.heard(vnf, payload),
                on_reply=lambda _, body, vnf=vnf: self._observer.replied(vnf, body),
            )
            address = manager.start()
            self._managers.append(manager)
            manager.subscribe(address)
            if self._is_constrained:
                manager.set_constraints()

    @property
    def _is_constrained(self) -> bool:
        return self._options.workflow == "vnf"

    def _constraints(self, vnf: topology.Vnf) -> constraints.Constraints:
        group = self.cloud.record.presence.groups[vnf.groups[1]]
        return constraints.of_vnf(len(group.members))

    def _impacted(self) -> dict[str, list[int]]:
        """What groups had to bear; sizes are those of the beginning, as are the limits."""
        if not self._is_constrained:
            return {}
        given = {
            name: self._given[vnf.name][prefix]["group"]
            for vnf in self._vnfs
            for name, prefix in zip(vnf.groups, (topology.HA, topology.WORKER), strict=True)
        }
        return constraints.impacted(self.cloud, given, self._options.speed)

    def run(self, display: Display) -> result.Result:
        """Maintain every host."""
        client = self._cluster.admin()
        url = f"{self._cluster.url}/v1/maintenance"
        action = {
            "plugin": "dummy",
            "type": "host",
            "metadata": {"seconds": _HOST_WORK / self._options.speed},
        }
        body = {"actions": [action], "workflow": self._options.workflow}
        begun = time.monotonic()
        session_id = client.post(url, json=body).json()["session_id"]
        trouble = self._follow(session_id, display)
        took = time.monotonic() - begun
        if trouble is None:
            self._scaled_out(session_id, display)
        detail = client.get(f"{url}/{session_id}/detail").json()
        moves = result.migrations(self.cloud)
        with self.cloud.at_rest() as now:
            outages = {g: round(s, 3) for g, s in self.cloud.record.group_outages(now).items()}
        return result.Result(
            state=detail["session"]["state"],
            hosts=len(self.cloud.hosts),
            hosts_maintained=sum(h["maintained"] for h in detail["hosts"]),
            instances=result.instances_before(self.cloud),
            moves=len(moves),
            group_outage_s=outages,
            reaction=self._cluster.witness.reaction(self._cluster.database),
            duration_s=round(took, 1),
            reason=detail["session"]["reason"] or trouble,
            impacted=self._impacted(),
        )

    def _follow(self, session_id: str, display: Display) -> str | None:
        """Show the session until it ends. :returns: what is wrong when it does not."""
        seen: object = None
        changed = time.monotonic()
        while True:
            looked = time.monotonic()
            frame = self._observer.frame(session_id)
            display.show(frame)
            if frame.state in states.IDLE:
                return None
            now = (frame.state, frame.moves, frame.said, [h.phase for h in frame.hosts])
            if now != seen:
                seen, changed = now, looked
            elif looked - changed > _PATIENCE:
                return f"nothing has happened for {_PATIENCE} s"
            # Looking is paid for by the engine: at most a tenth of the time.
            time.sleep(max(_QUICKEST, 9 * (time.monotonic() - looked)))

    def _scaled_out(self, session_id: str, display: Display) -> None:
        """See the instances come back that were deleted for the maintenance."""
        clock = self.cloud.clock
        until = clock.now() + _SCALE_OUT
        while not self._is_whole() and clock.now() < until:
            time.sleep(_QUICKEST)
        display.show(self._observer.frame(session_id))

    def _is_whole(self) -> bool:
        with self.cloud.at_rest():
            return len(self.cloud.servers) >= self._whole and all(
                s.status == "ACTIVE" for s in self.cloud.servers
            )


def sample_vnfm() -> Any:
    """The module ``vnfm`` of ``tools``, from ``PYTHONPATH`` or beside this package."""
    try:
        return importlib.import_module("vnfm")
    except ModuleNotFoundError:
        sys.path.append(str(pathlib.Path(__file__).parents[3] / "tools"))
        return importlib.import_module("vnfm")
