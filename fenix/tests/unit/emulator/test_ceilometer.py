"""From the bus to the webhook."""

import http.server
import json
import pathlib
import threading

import fixtures
import oslo_messaging
import testtools
import yaml
from oslo_config import cfg

import fenix
from fenix.emulator import Cloud
from fenix.emulator.alarms import Alarm
from fenix.emulator.ceilometer import EventRelay
from fenix.emulator.traits import DEFINITIONS, Notification, convert

PAYLOAD = {
    "service": "fenix",
    "project_id": "780235bf79f142309a0776dceee2b624",
    "session_id": "76e55df8-1c51-11e8-9928-0242ac110002",
    "state": "MAINTENANCE",
    "instance_ids": "http://127.0.0.1:12347/v1/maintenance/76e55df8/780235bf",
    "reply_url": "http://127.0.0.1:12347/v1/maintenance/76e55df8/780235bf",
    "allowed_actions": ["MIGRATE", "LIVE_MIGRATE"],
    "reply_at": "2026-11-21 19:56:34",
    "actions_at": "2026-11-21 19:57:04",
    "metadata": {"openstack_version": "2026.2"},
}


class Receiver:
    """An application manager: keeps what is posted; answers what it is told to."""

    def __init__(self):
        self.bodies = []
        self.answers = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                length = int(self.headers["Content-Length"])
                outer.bodies.append(json.loads(self.rfile.read(length)))
                self.send_response(outer.answers.pop(0) if outer.answers else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/alarm"
        threading.Thread(
            target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        ).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class RelayTestCase(testtools.TestCase):
    def setUp(self):
        super().setUp()
        self.cloud = Cloud(seed=1)
        self.addCleanup(self.cloud.close)
        self.receiver = Receiver()
        self.addCleanup(self.receiver.stop)
        self.useFixture(fixtures.FakeLogger())
        self.relay = EventRelay(self.cloud, pause=0.001)
        self.addCleanup(self.relay.stop)

    def alarm(self, **more):
        made = Alarm(
            self.cloud.new_uuid(),
            "a",
            more.pop("project_id", PAYLOAD["project_id"]),
            "u",
            alarm_actions=[self.receiver.url],
            **{"repeat_actions": True, "event_type": "maintenance.planned", **more},
        )
        self.cloud.alarms.add(made)
        return made

    def send(self, event_type="maintenance.planned", **changes):
        event = self.relay.deliver(event_type, {**PAYLOAD, **changes}, "m-1")
        self.relay.wait_idle()
        return event


class TestWebhook(RelayTestCase):
    def test_the_body(self):
        made = self.alarm()
        self.send()
        (body,) = self.receiver.bodies
        event = body["reason_data"]["event"]
        self.assertEqual(
            ["alarm_name", "alarm_id", "severity", "previous", "current", "reason", "reason_data"],
            list(body),
        )
        self.assertEqual(
            (made.id, "insufficient data", "alarm"),
            (body["alarm_id"], body["previous"], body["current"]),
        )
        self.assertEqual(
            "Event <id=m-1,event_type=maintenance.planned> hits the query <query=[]>.",
            body["reason"],
        )
        self.assertEqual("event", body["reason_data"]["type"])
        self.assertEqual("m-1", event["message_id"])
        traits = {name: (kind, value) for name, kind, value in event["traits"]}
        self.assertEqual((4, "2026-11-21T19:56:34"), traits["reply_at"])
        self.assertEqual((1, "['MIGRATE', 'LIVE_MIGRATE']"), traits["allowed_actions"])
        self.assertEqual((1, "{'openstack_version': '2026.2'}"), traits["metadata"])
        self.assertEqual(set(PAYLOAD), set(traits))

    def test_only_alarms_of_the_events_project(self):
        self.alarm(project_id="another")
        self.send()
        self.assertEqual([], self.receiver.bodies)

    def test_wildcards(self):
        self.alarm(event_type="maintenance.*")
        self.alarm(event_type="compute.*")
        self.send("maintenance.scheduled")
        self.assertEqual(1, len(self.receiver.bodies))

    def test_without_repeat_actions_it_fires_once(self):
        made = self.alarm(repeat_actions=False)
        self.send()
        self.send()
        self.assertEqual(1, len(self.receiver.bodies))
        self.assertEqual("alarm", made.state)
        made.state = "ok"
        self.send()
        self.assertEqual(2, len(self.receiver.bodies))

    def test_a_disabled_alarm_is_silent(self):
        self.alarm(enabled=False)
        self.send()
        self.assertEqual([], self.receiver.bodies)

    def test_queries(self):
        def condition(field, value, op="eq", kind="string"):
            return {"field": field, "op": op, "value": value, "type": kind}

        self.alarm(query=[condition("traits.state", "MAINTENANCE")])
        self.alarm(query=[condition("traits.state", "SCALE_IN")])
        self.alarm(query=[condition("traits.state", "SCALE_IN", "ne")])
        self.alarm(query=[condition("traits.reply_at", "2026-01-01 00:00:00", "gt", "datetime")])
        self.alarm(query=[condition("traits.state", "5", "gt", "integer")])
        self.alarm(query=[condition("traits.nothing", "x")])
        self.alarm(query=[condition("event_type", "maintenance.planned")])
        self.send()
        self.assertEqual(4, len(self.receiver.bodies))

    def test_in_order_for_one_alarm(self):
        self.alarm()
        for n in range(20):
            self.relay.deliver("maintenance.planned", {**PAYLOAD, "state": str(n)})
        self.relay.wait_idle()
        states = [
            {n: v for n, _, v in b["reason_data"]["event"]["traits"]}["state"]
            for b in self.receiver.bodies
        ]
        self.assertEqual([str(n) for n in range(20)], states)

    def test_tried_again(self):
        self.alarm()
        self.receiver.answers = [503, 503]
        self.send()
        self.assertEqual(3, len(self.receiver.bodies))
        self.assertEqual([200], [status for _, _, status in self.cloud.record.webhooks])

    def test_nobody_listens(self):
        made = self.alarm()
        made.alarm_actions = ["http://127.0.0.1:1/x", "log://"]
        self.send()
        self.assertEqual([0], [status for _, _, status in self.cloud.record.webhooks])


class TestTraits(RelayTestCase):
    def test_a_long_value_is_cut(self):
        event = self.send(metadata={"k": "x" * 300})
        self.assertEqual(255, len(event.trait("metadata")))

    def test_nulls_are_dropped(self):
        event = self.send(metadata=None, actions_at="")
        self.assertIsNone(event.trait("metadata"))
        self.assertIsNone(event.trait("actions_at"))

    def test_a_time_that_is_no_text_drops_the_event(self):
        for wrong in (12.5, ["2026-01-01"], "soon"):
            self.assertIsNone(self.send(reply_at=wrong))
        self.assertEqual(3, len(self.relay.dropped))

    def test_an_unknown_type_is_dropped(self):
        self.assertIsNone(self.send("compute.instance.create.end"))

    def test_numbers(self):
        event = self.send("maintenance.session", percent_done="40")
        self.assertEqual(40, event.trait("percent_done"))
        self.assertIsNone(self.send("maintenance.session", percent_done="many"))

    def test_a_tenant_id_takes_the_event_to_another_project(self):
        self.alarm()
        event = self.send(tenant_id="another")
        self.assertEqual("another", event.project_id)
        self.assertEqual([], self.receiver.bodies)

    def test_so_does_a_project_in_the_context(self):
        made = Notification(
            "maintenance.planned", PAYLOAD, "m", "2026-01-01 00:00:00", context={"project_id": "c"}
        )
        self.assertEqual("c", convert(made).project_id)

    def test_without_a_project_it_reaches_nobody(self):
        self.alarm(project_id="")
        self.alarm(project_id="None")
        event = self.send(project_id=None)
        self.assertEqual("", event.project_id)

    def test_the_definitions_are_those_that_are_shipped(self):
        root = pathlib.Path(fenix.__file__).parent.parent
        path = root / "etc" / "fenix" / "event_definitions.yaml"
        if not path.exists():
            self.skipTest("not in a source tree")
        kinds = {"text": 1, "int": 2, "float": 3, "datetime": 4}
        shipped = {}
        for definition in yaml.safe_load(path.read_text()):
            types = definition["event_type"]
            for event_type in [types] if isinstance(types, str) else types:
                shipped[event_type] = {
                    name: kinds[trait.get("type", "text")]
                    for name, trait in definition["traits"].items()
                }
        self.assertEqual(shipped, DEFINITIONS)


class TestBus(RelayTestCase):
    def test_a_notification_on_the_bus_reaches_the_webhook(self):
        conf = cfg.ConfigOpts()
        conf([], default_config_files=[])
        self.alarm()
        relay = EventRelay(self.cloud, conf, "fake:///", topic="emulator-test")
        relay.start()
        self.addCleanup(relay.stop)
        transport = oslo_messaging.get_notification_transport(conf, url="fake:///")
        self.addCleanup(transport.cleanup)
        notifier = oslo_messaging.Notifier(
            transport, "fenix", driver="messagingv2", topics=["emulator-test"]
        )
        notifier.info({}, "maintenance.planned", PAYLOAD)
        arrived = threading.Event()
        for _ in range(500):
            if self.receiver.bodies:
                break
            arrived.wait(0.01)
        (body,) = self.receiver.bodies
        self.assertEqual("maintenance.planned", body["reason_data"]["event"]["event_type"])
