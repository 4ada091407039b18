"""What the manual says is what the code does."""

from __future__ import annotations

import ast
import configparser
import html
import io
import re
import subprocess
import sys
from typing import Any
from xml.etree import ElementTree

from oslo_config import cfg, generator

from fenix import conf as fenix_conf
from fenix import exceptions, states
from fenix.api import views
from fenix.api.controllers import constraints, sessions, subscriptions
from fenix.client import results
from fenix.db import models
from fenix.notifications import payloads
from fenix.tests.unit.docs.base import ROOT, DocsTestCase
from fenix.workflow import upkeep


class StatesPageTest(DocsTestCase):
    """The picture and the table are made from the table in the code."""

    def test_the_table_is_the_code_s(self) -> None:
        rows = self.from_code().rows(states.TABLE)
        self.assertEqual(
            dict(states.TABLE.moves),
            {(state, event): after for state, event, _, after in rows},
        )
        self.assertEqual(len(states.TABLE.moves), len(rows))
        for _, event, meaning, _ in rows:
            self.assertTrue(meaning, f"doc/ext/from_code.py does not say what {event} means")

    def test_the_picture_has_every_state_and_move(self) -> None:
        moves = {m: to for m, to in states.TABLE.moves.items() if m[1] != states.FAIL}
        drawn = self.from_code().svg(states.TABLE, states.MAINTENANCE_FAILED, states.INITIAL)
        for state in states.TABLE.states:
            self.assertEqual(1, drawn.count(f">{state}</text>"), state)
        # One arrow more stands for all failures.
        self.assertEqual(len(moves) + 1, drawn.count("marker-end"))

    def test_a_workflow_with_states_of_its_own_can_be_drawn(self) -> None:
        table = states.TABLE.extended(
            {
                (states.START_MAINTENANCE, "soak"): "SOAKING",
                ("SOAKING", "soaked"): states.START_MAINTENANCE,
            }
        )
        drawn = self.from_code().svg(table, states.MAINTENANCE_FAILED, states.INITIAL)
        self.assertIn(">SOAKING</text>", drawn)

    def test_the_page_uses_both_and_explains_every_state(self) -> None:
        page = self.page("states")
        self.assertIn(".. fenix-state-picture::", page)
        self.assertIn(".. fenix-state-table::", page)
        explained = set(re.findall(r"^``([A-Z_]+)``$", page, re.M))
        self.assertEqual(states.TABLE.states, explained)

    def test_the_phases_of_a_host(self) -> None:
        phases = [
            upkeep.PENDING,
            upkeep.DRAINING,
            upkeep.MAINTAINING,
            upkeep.RETURNING,
            upkeep.DONE,
            upkeep.QUARANTINED,
            upkeep.SKIPPED,
        ]
        self.assertEqual(phases, self.table_column(self.page("states")))


class ConfigurationTest(DocsTestCase):
    """The sample and the options that pages name."""

    def sample(self) -> configparser.RawConfigParser:
        """The sample configuration with its comments taken off."""
        out = io.StringIO()
        conf = cfg.ConfigOpts()
        generator.register_cli_opts(conf)
        conf(["--config-file", str(ROOT / "etc" / "fenix" / "config-generator.conf")])
        generator.generate(conf, out)
        text = "\n".join(
            re.sub(r"^#(?=[a-z0-9_]+ = |[a-z0-9_]+ =$)", "", line)
            for line in out.getvalue().splitlines()
            if not line.startswith(("# ", "#\n"))
        )
        parser = configparser.RawConfigParser(
            strict=False, default_section="", comment_prefixes=("#",)
        )
        parser.read_string(text)
        return parser

    def test_every_option_is_in_the_sample(self) -> None:
        sample = self.sample()
        for section, options in fenix_conf.list_opts():
            for option in options:
                self.assertTrue(
                    sample.has_option(section, option.dest), f"[{section}] {option.dest}"
                )
        for section in ("database", "keystone_authtoken", "oslo_policy", "cors"):
            self.assertIn(section, sample.sections())

    def test_the_sample_has_the_defaults_of_the_service(self) -> None:
        # Of libraries: their own defaults are others, as long as nobody changes them.
        sample = self.sample()
        conf = cfg.ConfigOpts()
        fenix_conf.load([], conf=conf, default_config_files=[])
        for section, option, default in (
            ("database", "connection", "sqlite:///$state_path/fenix.sqlite"),
            ("DEFAULT", "control_exchange", "fenix"),
            ("cors", "allow_methods", "GET,PUT,POST,DELETE"),
            ("oslo_policy", "policy_file", "policy.yaml"),
            ("service_auth", "timeout", "30"),
        ):
            self.assertEqual(default, sample.get(section, option), f"[{section}] {option}")
        self.assertEqual(30, conf.service_auth.timeout)

    def test_a_generator_that_knows_nothing_else_shows_them(self) -> None:
        # This process has changed the defaults already; a generator's has not.
        ran = subprocess.run(
            [sys.executable, "-m", "oslo_config.generator"]
            + [f"--namespace={name}" for name in ("fenix", "oslo.db", "oslo.messaging")],
            capture_output=True,
            text=True,
            check=True,
        )
        self.assertIn("\n#connection = sqlite:///$state_path/fenix.sqlite\n", ran.stdout)
        self.assertIn("\n#control_exchange = fenix\n", ran.stdout)
        self.assertIn("\n#timeout = 30\n", ran.stdout)

    def test_options_that_pages_name_exist(self) -> None:
        known = self.options()
        for name, text in self.pages().items():
            one_line = " ".join(text.split())
            for section, option in re.findall(r"``\[(\w+)\] (\w+)(?: =[^`]*)?``", one_line):
                if section in known:
                    self.assertIn(option, known[section], f"{name}: [{section}] {option}")

    @staticmethod
    def options() -> dict[str, set[str]]:
        known = {
            section: {option.dest for option in options}
            for section, options in fenix_conf.list_opts()
        }
        known["DEFAULT"] |= {"log_file", "transport_url", "control_exchange", "use_json"}
        return known


class ReadmeTest(DocsTestCase):
    """The map of the repository."""

    def test_every_path_exists(self) -> None:
        readme = self.pages()["README.rst"]
        table = readme.partition("What is where")[2]
        paths = re.findall(r"^``(\S+)``  ", table, re.M)
        self.assertGreater(len(paths), 10)
        paths += re.findall(r"<(\S+\.rst)>`_", readme)
        paths += re.findall(r"^  (tools/\w+)  ", readme, re.M)
        for path in paths:
            self.assertTrue((ROOT / path).exists(), path)

    def test_every_page_is_linked(self) -> None:
        readme = self.pages()["README.rst"]
        for name in self.pages():
            if name not in ("README.rst", "doc/source/index.rst"):
                self.assertIn(f"<{name}>`_", readme)


class ArchitectureTest(DocsTestCase):
    """Layers and tables."""

    def test_the_layers_are_those_of_import_linter(self) -> None:
        page = self.page("contributor/architecture")
        self.assertIn(".. fenix-layers::", page)
        text = " ".join(self.from_code().layers(ROOT / ".importlinter"))
        self.assertEqual(
            re.findall(r"fenix\.\w+", text),
            [name for name in self.table_column(page) if name.startswith("fenix.")],
        )

    def test_every_table_of_the_database_is_explained(self) -> None:
        named = self.table_column(self.page("contributor/architecture"))
        for table in models.metadata.tables:
            self.assertIn(table, named)


class ApiPageTest(DocsTestCase):
    """Fields, codes and examples."""

    def setUp(self) -> None:
        super().setUp()
        self.text = self.page("api")
        self.examples = self.json_blocks(self.text)

    def example(self, *keys: str) -> dict[str, Any]:
        """The first example that has these keys."""
        found: dict[str, Any] = next(e for e in self.examples if set(keys) <= e.keys())
        return found

    def test_every_field_of_a_session_is_explained(self) -> None:
        part = self.text.partition("POST /v1/maintenance\n")[2].partition("POST /v1/plan")[0]
        fields = re.findall(r"^``(\w+)``$", part, re.M)
        self.assertEqual(sorted(sessions.CREATE["properties"]), sorted(fields))

    def test_every_code_is_explained(self) -> None:
        codes = {
            kind.code
            for kind in vars(exceptions).values()
            if isinstance(kind, type) and issubclass(kind, exceptions.FenixError)
        }
        listed = re.findall(r"^(\d{3})   ", self.text, re.M)
        self.assertEqual(sorted(codes), sorted(map(int, listed)))

    def test_the_examples_have_the_fields_that_are_sent(self) -> None:
        detail = self.example("session", "projects")
        own = {*views._SESSION, *views.LIMITS, "paused", "metadata"}
        self.assertEqual(own, detail["session"].keys())
        for key, fields in (
            ("hosts", views._HOST),
            ("instances", views._INSTANCE),
            ("projects", [*views._PROJECT, "waits"]),
            ("action_plugins", [*views._ACTION, "metadata"]),
            ("action_plugin_instances", [*views._RUN, "metadata"]),
        ):
            self.assertEqual(set(fields), detail[key][0].keys(), key)

    def test_the_history_and_the_engines(self) -> None:
        self.assertEqual(set(views._EVENT), self.example("events")["events"][0].keys())
        self.assertLessEqual(set(results.KINDS), set(self.table_column(self.text)))
        engine = self.example("engines")["engines"][0]
        self.assertEqual({*views._ENGINE, "sessions"}, engine.keys())

    def test_subscriptions_and_dead_letters(self) -> None:
        properties = subscriptions.SUBSCRIPTION["properties"].keys()
        self.assertEqual(properties - {"project_id"}, self.example("secret").keys())
        self.assertEqual(set(views._SUBSCRIPTION), self.example("url", "updated_at").keys())
        letter = self.example("dead_letters")["dead_letters"][0]
        self.assertEqual({*views._DEAD_LETTER, "id", "state", "error"}, letter.keys())

    def test_the_constraints(self) -> None:
        for kind, key in (
            (constraints.INSTANCE, "max_interruption_time"),
            (constraints.GROUP, "recovery_time"),
        ):
            self.assertEqual(kind.schema["properties"].keys(), self.example(key).keys())


class NotificationsPageTest(DocsTestCase):
    """Examples have the keys of the payloads."""

    def test_payloads(self) -> None:
        project, host, session, webhook = self.json_blocks(self.page("notifications"))
        made = payloads.for_project(
            endpoint="",
            session_id="",
            project_id="",
            state="",
            allowed_actions=[],
            reply_at=None,  # type: ignore[arg-type]
            actions_at=None,  # type: ignore[arg-type]
            metadata={},
        )
        self.assertEqual(list(made), list(project))
        traits = {name for name, _, _ in webhook["reason_data"]["event"]["traits"]}
        self.assertEqual(made.keys(), traits)
        made = payloads.host(session_id="", hostname="", state="", project_id="")
        self.assertEqual(list(made), list(host))
        made = payloads.session(session_id="", state="", percent_done=0, project_id="")
        self.assertEqual(list(made), list(session))

    def test_states(self) -> None:
        page = self.page("notifications")
        listed = page.partition("``state``\n")[2].partition("nothing else")[0]
        self.assertEqual(states.FOR_PROJECTS, set(re.findall(r"[A-Z_]{5,}", listed)))


class SequencesTest(DocsTestCase):
    """The drawings of who says what."""

    def test_every_state_that_projects_hear_of_is_in_both(self) -> None:
        sequences = self.from_doc("sequence_picture").SEQUENCES
        self.assertEqual({"default", "vnf"}, sequences.keys())
        for name, frames in sequences.items():
            said = [one for _, *lines in frames for one in lines]
            told = [re.split("[ ,]", one)[1] for one in said if one[0] == ">"]
            self.assertEqual(states.FOR_PROJECTS, set(told), name)
            answers = {re.split("[ ,]", one)[1] for one in said if one[0] == "<"}
            expected = {f"ACK_{state}" for state in told if state != "INSTANCE_ACTION_DONE"}
            self.assertEqual(expected, {a for a in answers if a.startswith("ACK")}, name)

    def test_they_are_drawn_and_on_their_pages(self) -> None:
        picture = self.from_doc("sequence_picture")
        for name, page in (("default", "managers"), ("vnf", "constraints")):
            self.assertIn(f".. fenix-sequence:: {name}\n", self.page(page))
            drawn = picture.svg(name)
            ElementTree.fromstring(drawn)
            # The colour is the page's, on light and on dark.
            self.assertEqual({"currentColor", "none"}, set(re.findall(r'fill="([^"]+)"', drawn)))
            for line in picture.words(name).splitlines():
                self.assertIn(html.escape(line.strip()[-12:]), drawn)


class TroubleshootingTest(DocsTestCase):
    """Reasons are quoted as the code words them."""

    def test_reasons(self) -> None:
        texts = self.texts()
        page = self.page("troubleshooting").partition("By symptom")[2].partition("Continuing")[0]
        quoted = re.findall(r"^   \* - ``(.+?)``", page, re.M)
        self.assertGreater(len(quoted), 10)
        for reason in quoted:
            for part in filter(None, map(str.strip, reason.split("…"))):
                self.assertTrue(any(part in t for t in texts), f"nothing says {part!r}")

    @staticmethod
    def texts() -> list[str]:
        """Every text in the modules that make reasons; what is filled in shows as ``…``."""
        found = []
        for folder in ("workflow", "engine"):
            for path in sorted((ROOT / "fenix" / folder).rglob("*.py")):
                for node in ast.walk(ast.parse(path.read_text())):
                    if isinstance(node, ast.JoinedStr):
                        parts = [
                            n.value if isinstance(n, ast.Constant) else "…" for n in node.values
                        ]
                        found.append("".join(map(str, parts)))
                    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                        found.append(node.value)
        return found
