"""Metrics of an engine, and the files shipped for those who read them."""

from __future__ import annotations

import json
import pathlib
import re
import socket
import tempfile
from typing import Any

import prometheus_client
import testtools
import yaml
from oslo_config import cfg

from fenix import conf as fenix_conf
from fenix import exceptions, timing
from fenix.db import schema
from fenix.db.api import Database
from fenix.engine import metrics

_ETC = pathlib.Path(__file__).parents[4] / "etc" / "fenix"
_ALERTS = _ETC / "prometheus-alerts.yaml"
_DASHBOARD = _ETC / "grafana-dashboard.json"
_NAME = re.compile(r"\bfenix_[a-z_]+")


class _Case(testtools.TestCase):
    def setUp(self) -> None:
        super().setUp()
        folder = tempfile.TemporaryDirectory(prefix="fenix-test-")
        self.addCleanup(folder.cleanup)
        self.conf = cfg.ConfigOpts()
        fenix_conf.load([], conf=self.conf, default_config_files=[])
        self.conf.set_override("connection", f"sqlite:///{folder.name}/f.sqlite", "database")
        self.conf.set_override("max_retries", 0, "database")
        self.database = Database(self.conf)
        self.addCleanup(self.database.dispose)
        self.clock = timing.SystemClock()
        self.metrics = metrics.Metrics(self.clock)
        self.metrics.registry.register(metrics.Rows(self.database, self.clock, lease=10, max_age=0))

    def text(self) -> str:
        return prometheus_client.generate_latest(self.metrics.registry).decode()


class RowsTest(_Case):
    """Gauges of the database."""

    def test_an_empty_database(self) -> None:
        schema.upgrade(self.database)
        text = self.text()
        self.assertIn("fenix_database_up 1.0", text)
        self.assertIn('fenix_outbox_age_seconds{carrier="bus"} 0.0', text)
        self.assertIn("fenix_engines 0.0", text)

    def test_a_database_that_does_not_answer_is_said_not_raised(self) -> None:
        text = self.text()
        self.assertIn("fenix_database_up 0.0", text)
        self.assertNotIn("fenix_engines", text)


class ServerTest(_Case):
    """The port."""

    def test_a_port_that_is_taken_is_named(self) -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            self.conf.set_override("port", port, "metrics")
            error = self.assertRaises(
                exceptions.Unavailable, metrics.Server, self.conf, self.metrics
            )
        self.assertIn(f"[metrics] host=127.0.0.1 port={port}: cannot serve there", str(error))


class FilesTest(_Case):
    """The dashboard and the alert rules speak of metrics that there are."""

    def names(self) -> set[str]:
        schema.upgrade(self.database)
        found = set()
        for family in self.metrics.registry.collect():
            found.add(family.name)
            if family.type == "histogram":
                found |= {f"{family.name}_{part}" for part in ("bucket", "sum", "count")}
            elif family.type == "counter":
                found.add(f"{family.name}_total")
        return found

    def assert_known(self, expressions: list[str]) -> None:
        self.assertNotEqual([], expressions)
        used = {name for e in expressions for name in _NAME.findall(e)}
        self.assertEqual(set(), used - self.names())

    def rules(self) -> list[dict[str, Any]]:
        groups = yaml.safe_load(_ALERTS.read_text())["groups"]
        return [rule for group in groups for rule in group["rules"]]

    def test_alerts_use_known_metrics_and_say_what_to_do(self) -> None:
        self.assert_known([rule["expr"] for rule in self.rules()])
        for rule in self.rules():
            self.assertIn(rule["labels"]["severity"], ("warning", "critical"))
            self.assertTrue(rule["annotations"]["summary"])
            self.assertTrue(rule["annotations"]["description"])

    def test_the_dashboard_uses_known_metrics(self) -> None:
        dashboard = json.loads(_DASHBOARD.read_text())
        self.assert_known(
            [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
        )
        places = [tuple(sorted(p["gridPos"].items())) for p in dashboard["panels"]]
        self.assertEqual(len(places), len(set(places)))

    def test_the_manual_names_every_metric(self) -> None:
        page = (_ETC.parents[1] / "doc" / "source" / "monitoring.rst").read_text()
        parts = re.compile(r"_(bucket|sum|count|total)$")
        told = {parts.sub("", name) for name in re.findall(r"^``(fenix_[a-z_]+)``", page, re.M)}
        self.assertEqual({parts.sub("", name) for name in self.names()}, told)
