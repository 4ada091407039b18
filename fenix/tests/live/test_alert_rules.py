"""The alert rules, as Prometheus itself reads and evaluates them."""

from __future__ import annotations

import json
import pathlib
import shutil
import subprocess
import tempfile

import testtools
import yaml

_RULES = pathlib.Path(__file__).parents[3] / "etc" / "fenix" / "prometheus-alerts.yaml"

#: A healthy service: values every 15 seconds for an hour.
_HEALTHY = {
    'fenix_engines{instance="e1"}': "2x240",
    'fenix_database_up{instance="e1"}': "1x240",
    'fenix_session_late_seconds{instance="e1"}': "0 1 0 2 0x236",
    'fenix_outbox_age_seconds{instance="e1",carrier="bus"}': "0 3 0x238",
    'fenix_outbox_age_seconds{instance="e1",carrier="observer-masakari"}': "0x240",
    'fenix_deliveries_total{instance="e1",carrier="bus",result="sent"}': "0+9x240",
    'fenix_deliveries_total{instance="e1",carrier="bus",result="failed"}': "0+1x240",
    'fenix_deliveries_total{instance="e1",carrier="bus",result="unsure"}': "4x240",
    'fenix_session_failures_total{instance="e1",state="MAINTENANCE"}': "3x240",
    'fenix_project_silences_total{instance="e1"}': "2x240",
    'fenix_reaction_seconds_bucket{instance="e1",le="0.1"}': "0+10x240",
    'fenix_reaction_seconds_bucket{instance="e1",le="1"}': "0+10x240",
    'fenix_reaction_seconds_bucket{instance="e1",le="2.5"}': "0+10x240",
    'fenix_reaction_seconds_bucket{instance="e1",le="+Inf"}': "0+10x240",
}

#: For each alert what makes it fire (None: the series is not there), and when it does by then.
_FIRES: dict[str, tuple[dict[str, str | None], str]] = {
    "FenixSessionFailed": (
        # As an engine shows it from its start, so that the first failure is an increase.
        {'fenix_session_failures_total{instance="e1",state="SCALE_IN"}': "0x20 1x220"},
        "7m",
    ),
    "FenixNoEngine": ({'fenix_engines{instance="e1"}': None}, "10m"),
    "FenixSessionLate": ({'fenix_session_late_seconds{instance="e1"}': "0x20 0+15x220"}, "10m"),
    "FenixDatabaseAway": ({'fenix_database_up{instance="e2"}': "1x20 0x220"}, "8m"),
    "FenixNotificationsStuck": (
        {'fenix_outbox_age_seconds{instance="e1",carrier="bus"}': "0x20 0+15x220"},
        "10m",
    ),
    "FenixObserverStuck": (
        {
            'fenix_outbox_age_seconds{instance="e1",carrier="observer-masakari"}': "0x20 0+15x220",
        },
        "12m",
    ),
    "FenixNotificationsLost": (
        {'fenix_deliveries_total{instance="e1",carrier="bus",result="dead"}': "0x20 2x220"},
        "7m",
    ),
    "FenixProjectsSilent": ({'fenix_project_silences_total{instance="e1"}': "2x20 3x220"}, "7m"),
    "FenixReactionSlow": (
        {
            'fenix_reaction_seconds_bucket{instance="e1",le="0.1"}': "0+9x240",
            'fenix_reaction_seconds_bucket{instance="e1",le="1"}': "0+9x240",
        },
        "16m",
    ),
}


class AlertRulesTest(testtools.TestCase):
    """promtool checks syntax, expressions and templates, and evaluates the rules."""

    def setUp(self) -> None:
        super().setUp()
        found = shutil.which("promtool")
        if found is None:
            self.skipTest("promtool is not installed: it is in the Debian package prometheus")
        self.promtool: str = found

    def run_promtool(self, *words: str) -> None:
        done = subprocess.run([self.promtool, *words], capture_output=True, text=True, check=False)
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)

    def test_promtool_takes_them(self) -> None:
        self.run_promtool("check", "rules", str(_RULES))

    def test_each_fires_when_it_should_and_only_then(self) -> None:
        rules = yaml.safe_load(_RULES.read_text())["groups"][0]["rules"]
        # A rule without a case could be one that never fires.
        self.assertEqual(set(_FIRES), {r["alert"] for r in rules})
        cases = [self.case("a healthy service", {}, None, "55m")]
        cases += [self.case(name, wrong, name, at) for name, (wrong, at) in _FIRES.items()]
        folder = tempfile.TemporaryDirectory(prefix="fenix-test-")
        self.addCleanup(folder.cleanup)
        path = pathlib.Path(folder.name) / "tests.yaml"
        # JSON is YAML.
        path.write_text(json.dumps({"rule_files": [str(_RULES)], "tests": cases}))
        self.run_promtool("test", "rules", str(path))

    @staticmethod
    def case(name: str, wrong: dict[str, str | None], fires: str | None, at: str) -> object:
        series = {k: v for k, v in {**_HEALTHY, **wrong}.items() if v is not None}
        labels = f'{{alertname="{fires}"}}'
        return {
            "name": name,
            "interval": "15s",
            "input_series": [{"series": k, "values": v} for k, v in series.items()],
            "promql_expr_test": [
                {
                    "expr": 'count by (alertname) (ALERTS{alertstate="firing"})',
                    "eval_time": at,
                    "exp_samples": [] if fires is None else [{"labels": labels, "value": 1}],
                }
            ],
        }
