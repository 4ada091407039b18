"""Looks at the service's rows, the emulated cloud and the managers, and makes frames of it."""

from __future__ import annotations

import collections
import threading
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from fenix.cmd.demo import frame as frames
from fenix.cmd.demo.cluster import Cluster
from fenix.cmd.demo.result import MIGRATIONS
from fenix.cmd.demo.topology import HA, Vnf
from fenix.db import models
from fenix.emulator.record import Move
from fenix.view import scene

_LINES = 100
#: In a larger cloud only instances of hosts that are worked on are looked at.
_ALL_INSTANCES = 1000
_PHASES = {
    "draining": "is being emptied",
    "maintaining": "is being maintained",
    "done": "is back in use",
}


class Observer:
    """Makes frames of one session; lines are remembered from frame to frame."""

    def __init__(self, cluster: Cluster, vnfs: Sequence[Vnf], speed: float) -> None:
        self._cluster = cluster
        self._vnfs = {v.project.id: n for n, v in enumerate(vnfs)}
        self._names = {v.project.id: v.name for v in vnfs}
        self._speed = speed
        self._worth_it = len(cluster.cloud.servers) <= _ALL_INSTANCES
        self._lines: collections.deque[scene.Line] = collections.deque(maxlen=_LINES)
        self._lock = threading.Lock()
        self._visited: set[str] = set()
        self._phases: dict[str, str] = {}
        self._moves: list[Move] = []
        self._seen_moves = 0
        self._said = 0

    # What managers hear and say; called from their threads

    def heard(self, vnf: Vnf, payload: dict[str, Any]) -> None:
        """A manager was asked something."""
        state = payload["state"]
        if not state.endswith("_DONE"):
            self._visited.add(state)
            need = (payload.get("metadata") or {}).get("scale_in")
            extra = f", {need['instances']} instances" if need else ""
            self._say("fenix", f"asks {vnf.name}: {state}{extra}")

    def replied(self, vnf: Vnf, body: dict[str, Any]) -> None:
        """A manager's reply was accepted."""
        chosen = collections.Counter((body.get("instance_actions") or {}).values())
        actions = ", ".join(f"{count} x {action}" for action, count in sorted(chosen.items()))
        self._say(vnf.name, f"{body['state']}{': ' if actions else ''}{actions}")

    def _say(self, who: str, text: str) -> None:
        line = scene.Line(self._cluster.cloud.clock.now(), who, text)
        with self._lock:
            self._lines.append(line)
            self._said += 1

    # Frames

    def frame(self, session_id: str) -> frames.Frame:
        """This moment."""
        hosts, session, questions = self._rows(session_id)
        self._visited.add(session.state)
        for name, (phase, _) in hosts.items():
            if self._phases.get(name, "pending") != phase and phase in _PHASES:
                self._say(name, _PHASES[phase])
            self._phases[name] = phase
        cloud = self._cluster.cloud
        with cloud.at_rest() as now:
            view = cloud.snapshot_view()
            leaving, arriving = self._under_way()
            outages = cloud.record.group_outages(now)
            groups = tuple(
                frames.Group(g.name, len(g.members), g.answering, outages[g.name])
                for g in cloud.record.presence.groups.values()
            )
            moves = sum(m.done and m.kind in MIGRATIONS for m in cloud.record.moves)
        with self._lock:
            lines, said = tuple(self._lines), self._said
        return frames.Frame(
            at=now,
            speed=self._speed,
            state=session.state,
            percent=session.percent_done,
            visited=frozenset(self._visited),
            moves=moves,
            hosts=tuple(
                self._host(v, *hosts.get(v["name"], ("pending", True)), leaving, arriving)
                for v in view
            ),
            groups=groups,
            questions=questions,
            lines=lines,
            said=said,
        )

    def _rows(
        self, session_id: str
    ) -> tuple[dict[str, tuple[str, bool]], Any, tuple[frames.Question, ...]]:
        """Phase and whether it is a compute, by host; the session; the last questions."""
        h, s, w = models.hosts.c, models.sessions.c, models.project_waits.c
        newest = sa.select(sa.func.max(w.wait_id)).where(w.session_id == session_id)
        with self._cluster.database.reader() as read:
            hosts = read.execute(
                sa.select(h.hostname, h.phase, h.type).where(h.session_id == session_id)
            ).all()
            session = read.execute(
                sa.select(s.state, s.percent_done).where(s.session_id == session_id)
            ).one()
            waits = read.execute(
                sa.select(w.project_id, w.state, w.host, w.reply).where(
                    w.wait_id.in_(newest.group_by(w.project_id))
                )
            ).all()
        questions = (
            frames.Question(self._names[q.project_id], q.state, q.host, q.reply) for q in waits
        )
        return (
            {r.hostname: (r.phase, "compute" in r.type.split(",")) for r in hosts},
            session,
            tuple(sorted(questions, key=lambda q: q.project)),
        )

    def _under_way(self) -> tuple[set[str], dict[str, list[Move]]]:
        """Servers that are on their way, and to where. Needs the cloud's lock."""
        every = self._cluster.cloud.record.moves
        self._moves += every[self._seen_moves :]
        self._seen_moves = len(every)
        self._moves = [m for m in self._moves if m.end is None]
        arriving: dict[str, list[Move]] = {}
        for move in self._moves:
            if move.dest is not None:
                arriving.setdefault(move.dest, []).append(move)
        return {m.server_id for m in self._moves}, arriving

    def _host(
        self,
        view: dict[str, Any],
        phase: str,
        compute: bool,
        leaving: set[str],
        arriving: dict[str, list[Move]],
    ) -> scene.Host:
        if not self._worth_it and phase in scene.RESTING:
            return scene.Host(view["name"], compute, phase)
        coming = {m.server_id: m for m in arriving.get(view["name"], ())}
        there = []
        for server in view["servers"]:
            here = server["id"] in coming or server["id"] not in leaving
            coming.pop(server["id"], None)
            there.append(
                self._instance(
                    server["name"],
                    server["project_id"],
                    server["answering"],
                    "" if here else scene.LEAVING,
                )
            )
        for move in coming.values():
            there.append(self._instance(move.name, move.project_id, True, scene.ARRIVING))
        there.sort(key=lambda i: (i.vnf, not i.pair, i.name))
        return scene.Host(view["name"], compute, phase, tuple(there))

    def _instance(self, name: str, project_id: str, answers: bool, motion: str) -> scene.Instance:
        vnf = self._vnfs.get(project_id, 0)
        return scene.Instance(name, vnf, name.startswith(HA), answers, motion)
