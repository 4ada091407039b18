"""The demo: what it prints, how it ends, and that its picture fits the terminal."""

from __future__ import annotations

import dataclasses
import datetime
import io
import json
import os
import pathlib
import subprocess
import sys
import time
import types

import testtools
from rich.console import Console

from fenix.cmd.demo import frame, screen, topology
from fenix.cmd.demo.plain import Plain
from fenix.cmd.demo.result import Result
from fenix.cmd.demo.witness import Reaction, _ahead
from fenix.view import scene, style

ROOT = pathlib.Path(__file__).parents[3]
TIMEOUT = 120

GOOD = Result(
    state="MAINTENANCE_DONE",
    hosts=7,
    hosts_maintained=7,
    instances=20,
    moves=23,
    group_outage_s={"ha": 0.0, "workers": 0.0},
    reaction=Reaction(12.0, 40.0),
    duration_s=30.5,
)


def demo(*arguments: str) -> subprocess.CompletedProcess[str]:
    """``tools/demo``, after it has installed."""
    return subprocess.run(
        [sys.executable, "-m", "fenix.cmd.demo", *arguments],
        env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tools'}"},
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )


class RunTest(testtools.TestCase):
    """From the command line."""

    def test_json(self) -> None:
        """One object, and every host maintained while everything stays up."""
        done = demo("--json", "--hosts", "4", "--instances-per-host", "2", "--speed", "100")
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertEqual("", done.stderr)
        said = json.loads(done.stdout)
        self.assertEqual(
            {
                "state": "MAINTENANCE_DONE",
                "hosts": 5,
                "hosts_maintained": 5,
                "instances": 6,
                "group_outage_s": {"ha": 0.0, "workers": 0.0},
            },
            {k: said.pop(k) for k in list(said)[:4]} | {"group_outage_s": said["group_outage_s"]},
        )
        self.assertEqual(
            ["moves", "moves_per_instance", "group_outage_s", "reaction_ms", "duration_s"],
            list(said),
        )
        self.assertTrue(6 <= said["moves"] <= 8, said)
        self.assertEqual(round(said["moves"] / 6, 3), said["moves_per_instance"])
        self.assertTrue(0 <= said["reaction_ms"]["p50"] <= said["reaction_ms"]["p99"], said)
        self.assertTrue(0 < said["duration_s"] < TIMEOUT, said)

    def test_constraints(self) -> None:
        """With the workflow vnf, no group bears more than it tolerates."""
        done = demo(
            *("--json", "--hosts", "4", "--instances-per-host", "3"),
            *("--workflow", "vnf", "--speed", "20"),
        )
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        said = json.loads(done.stdout)
        self.assertEqual("MAINTENANCE_DONE", said["state"])
        self.assertEqual([1, 1], said["impacted"]["ha"])
        self.assertIn(said["impacted"]["workers"], ([1, 2], [2, 2]))

    def test_bad_options(self) -> None:
        """One clear line, exit status 2, nothing on standard output."""
        for arguments, complaint in (
            (("--hosts", "3"), "--hosts: 3 is not between 4 and 1000"),
            (("--instances-per-host", "many"), "'many' is not a whole number"),
            (("--speed", "-1"), "--speed: -1 is not between 0.1 and 1000"),
            (("--seed", "1.5"), "--seed: '1.5' is not a whole number"),
            (("--hosts", "1000", "--instances-per-host", "100"), "at most 20000"),
            (("--fast",), "unrecognized arguments: --fast"),
        ):
            done = demo(*arguments)
            self.assertEqual((2, ""), (done.returncode, done.stdout), arguments)
            self.assertEqual(1, len(done.stderr.splitlines()), done.stderr)
            self.assertIn(complaint, done.stderr)


class ResultTest(testtools.TestCase):
    """How the exit status comes about, and the last line."""

    def test_status(self) -> None:
        """Only a complete maintenance without an outage is a success."""
        self.assertEqual((0, None), (GOOD.status, GOOD.trouble))
        for change, trouble in (
            ({"group_outage_s": {"ha": 0.0, "workers": 0.1}}, "nobody answered of workers for 0.1"),
            ({"impacted": {"ha": [2, 1]}}, "more were impacted than may be of ha"),
            ({"hosts_maintained": 6}, "1 of 7 hosts were not maintained"),
            (
                {"state": "MAINTENANCE_FAILED", "reason": "no room"},
                "MAINTENANCE_FAILED: no room",
            ),
        ):
            bad = dataclasses.replace(GOOD, **change)
            self.assertEqual(1, bad.status, change)
            self.assertIn(trouble, bad.trouble)

    def test_line(self) -> None:
        """Everything that counts is in the last line."""
        self.assertEqual(
            "7 of 7 hosts maintained, 23 moves, 1.15 per instance, longest outage: ha 0.0 s, "
            "workers 0.0 s, reaction: 12 ms (p99 40 ms)",
            GOOD.line(),
        )
        many = {f"vnf-{n}-ha": 0.0 for n in range(9)}
        quiet = dataclasses.replace(GOOD, group_outage_s=many)
        self.assertIn("longest outage: 0.0 s in all 9 groups", quiet.line())
        loud = dataclasses.replace(GOOD, group_outage_s={**many, "vnf-3-ha": 1.5})
        self.assertIn("longest outage: vnf-3-ha 1.5 s (1 of 9 groups)", loud.line())

    def test_outage_is_seen(self) -> None:
        """When every host dies, the groups are down, and a demo would say so."""
        cloud, _ = topology.build(topology.Size(4, 2, 1), 1000.0)
        for host in cloud.hosts:
            cloud.host_down(host)
        down = cloud.clock.now()
        time.sleep(0.01)
        with cloud.at_rest() as now:
            outages = cloud.record.group_outages(now)
        self.assertEqual({"ha", "workers"}, set(outages))
        self.assertTrue(min(outages.values()) >= now - down > 0, outages)
        self.assertEqual(1, dataclasses.replace(GOOD, group_outage_s=outages).status)


class TopologyTest(testtools.TestCase):
    """The clouds of the demo."""

    def test_full(self) -> None:
        """Every vCPU is taken; the pair is apart; the newest instances are not on one host."""
        for hosts, per_host, vnfs in ((4, 2, 1), (6, 4, 1), (12, 3, 2), (31, 10, 6)):
            cloud, made = topology.build(topology.Size(hosts, per_host, 3), 1.0)
            computes = [h for h in cloud.hosts.values() if h.is_compute]
            self.assertEqual(hosts, len(computes))
            self.assertEqual({per_host}, {h.used_vcpus for h in computes})
            self.assertEqual(vnfs, len(made))
            for vnf in made:
                servers = sorted(cloud.servers.of(vnf.project.id), key=lambda s: s.name)
                pair = [s.host for s in servers if s.name.startswith("ha-")]
                self.assertEqual(2, len(set(pair)))
                newest = [s.host for s in servers[-per_host:]]
                self.assertTrue(len(set(newest)) > 1)

    def test_repeatable(self) -> None:
        """The seed decides where everything is."""

        def places(seed: int) -> list[tuple[str, str]]:
            cloud, _ = topology.build(topology.Size(6, 4, seed), 1.0)
            return [(s.id, s.host.name) for s in cloud.servers]

        self.assertEqual(places(1), places(1))
        self.assertNotEqual(places(1), places(2))


def moment(computes: int, per_host: int) -> frame.Frame:
    """A cloud in the middle of its maintenance."""
    phases = ["done", "draining", "maintaining", "pending"]
    motions = ["", scene.LEAVING, scene.ARRIVING]
    hosts = [scene.Host("controller", False, "done")]
    for number in range(computes):
        instances = tuple(
            scene.Instance(f"worker-{number}-{n}", number // 5, n == 0, n % 2 == 0, motions[n % 3])
            for n in range(per_host)
        )
        hosts.append(scene.Host(f"compute-{number}", True, phases[number % 4], instances))
    vnfs = max(1, computes // 5)
    return frame.Frame(
        at=3725.0,
        speed=8.0,
        state="PLANNED_MAINTENANCE",
        percent=42,
        visited=frozenset({"MAINTENANCE", "SCALE_IN"}),
        moves=12,
        hosts=tuple(hosts),
        groups=tuple(frame.Group(f"vnf-{n}-ha", 2, n % 3, 0.0) for n in range(2 * vnfs)),
        questions=tuple(
            frame.Question(f"vnf-{n}", "PLANNED_MAINTENANCE", "compute-1", None)
            for n in range(vnfs)
        ),
        lines=tuple(scene.Line(n, "fenix", f"said {n} " + "more " * 40) for n in range(100)),
        said=100,
    )


class PictureTest(testtools.TestCase):
    """What is drawn."""

    def drawn(self, computes: int, per_host: int, width: int, height: int) -> list[str]:
        console = Console(width=width, file=io.StringIO(), color_system=None)
        shown = screen.picture(moment(computes, per_host), width, height, style.ICONS)
        with console.capture() as capture:
            console.print(shown)
        return capture.get().splitlines()

    def test_fits(self) -> None:
        """No size of cloud spills over a terminal, and the newest line is always there."""
        for computes, per_host in ((4, 2), (6, 4), (30, 10), (300, 20), (1000, 20)):
            for width, height in ((80, 24), (120, 40), (60, 20)):
                lines = self.drawn(computes, per_host, width, height)
                size = (computes, per_host, width, height)
                self.assertTrue(len(lines) <= height, (size, len(lines)))
                self.assertTrue(max(map(len, lines)) <= width, size)
                if computes < 1000:
                    self.assertIn("said 99", lines[-1], size)

    def test_small(self) -> None:
        """A small cloud has a line for each host, its phase in words, instances by name."""
        text = "\n".join(self.drawn(6, 4, 80, 24))
        for part in ("1:02:05", "42 %", "compute-1   emptying", "→worker-1-1", "no answer yet"):
            self.assertIn(part, text)

    def test_plain(self) -> None:
        """Without a terminal each thing is said once."""
        out = io.StringIO()
        plain = Plain(out)
        plain.show(moment(6, 4))
        plain.show(moment(6, 4))
        lines = out.getvalue().splitlines()
        self.assertEqual(101, len(lines))
        self.assertIn("PLANNED_MAINTENANCE: 3 of 7 hosts maintained, 12 moves", lines[-1])


class AheadTest(testtools.TestCase):
    """A reply that the engine cannot act on yet is no slow reaction."""

    def test_it(self) -> None:
        turn = datetime.datetime(2026, 1, 1, 12, 0, 1)
        begun = {"compute-1": turn, "compute-2": None}
        second = datetime.timedelta(seconds=1)
        for host, answered, ahead in (
            ("compute-1", turn - second, True),
            ("compute-1", turn + second, False),
            ("compute-2", turn, True),
            (None, turn, False),
        ):
            wait = types.SimpleNamespace(host=host)
            self.assertEqual(ahead, _ahead(wait, begun, answered), (host, answered))
