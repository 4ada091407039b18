"""What a manager that has registered receives."""

from __future__ import annotations

import dataclasses
import datetime
import http.server
import json
import tempfile
import threading

import testtools
from cryptography.fernet import Fernet
from oslo_config import cfg

from fenix import client, exceptions, timing
from fenix import conf as fenix_conf
from fenix.db import records, schema, subscriptions
from fenix.db.api import Database
from fenix.emulator import traits
from fenix.notifications import payloads
from fenix.notifications.webhook import caller
from fenix.notifications.webhook.body import body
from fenix.notifications.webhook.secrets import Secrets

_SECRET = "nobody can guess this, Ä"
_AT = datetime.datetime(2026, 11, 21, 12, 0, 0, 5)


def row(instance_id: str | None = None) -> records.Outgoing:
    payload = payloads.for_project(
        endpoint="https://fenix.example.org",
        session_id="s" * 32,
        project_id="p" * 32,
        state="PLANNED_MAINTENANCE",
        allowed_actions=["MIGRATE", "LIVE_MIGRATE"],
        reply_at=_AT,
        actions_at=_AT + datetime.timedelta(minutes=1),
        metadata={"release": "Epoxy", "scale_in": {"instances": 2, "cores": 4}},
        instance_id=instance_id,
    )
    return records.Outgoing("s" * 32, "p" * 32, "m", "maintenance.planned", payload, _AT, _AT)


def config(**options: object) -> cfg.ConfigOpts:
    conf = cfg.ConfigOpts()
    fenix_conf.load([], conf=conf, default_config_files=[])
    for name, value in options.items():
        conf.set_override(name, value, "webhook")
    return conf


class BodyTest(testtools.TestCase):
    """The same as from Aodh."""

    def test_as_ceilometer_and_aodh_make_it(self) -> None:
        sent = row()
        told = traits.convert(
            traits.Notification("maintenance.planned", sent.payload, "m", str(_AT))
        )
        assert told is not None
        event = json.loads(body(sent))["reason_data"]["event"]
        self.assertEqual(sorted(told.traits), sorted(event["traits"]))
        self.assertEqual(
            (told.message_id, told.event_type, told.generated),
            (event["message_id"], event["event_type"], event["generated"]),
        )

    def test_the_client_decodes_it(self) -> None:
        event = client.decode(body(row()))
        assert isinstance(event, client.ProjectEvent)
        self.assertEqual(("m", "p" * 32), (event.message_id, event.project_id))
        self.assertIsNone(event.instance_id)
        self.assertEqual(("MIGRATE", "LIVE_MIGRATE"), event.allowed_actions)
        self.assertEqual({"instances": 2, "cores": 4}, event.scale_in)
        self.assertEqual(_AT.replace(microsecond=0, tzinfo=datetime.UTC), event.reply_at)
        single = client.decode(body(row("i-1")))
        assert isinstance(single, client.ProjectEvent)
        self.assertEqual("i-1", single.instance_id)


class SignatureTest(testtools.TestCase):
    """What Fenix signs the client verifies, and nothing else."""

    def test_verify(self) -> None:
        content = body(row())
        header = caller.signature(_SECRET, 1000, content)
        client.verify(content, header, _SECRET, now=1299.0)
        client.verify(content, header, ["the old secret of it", _SECRET], now=999.0)
        for changed in (
            (content + b" ", header, _SECRET, 1000.0),
            (content, header.replace("t=1000", "t=1001"), _SECRET, 1000.0),
            (content, header, "another secret", 1000.0),
            (content, header, [], 1000.0),
            (content, header, _SECRET, 1301.0),
            (content, header, _SECRET, 699.0),
            (content, None, _SECRET, 1000.0),
            (content, "", _SECRET, 1000.0),
            (content, header + ",v1=0", _SECRET, 1000.0),
        ):
            *given, now = changed
            self.assertRaises(client.SignatureError, client.verify, *given, now=now)

    def test_a_known_answer(self) -> None:
        """For authors of managers in other languages; the manual has the same."""
        self.assertEqual(
            "t=1764435562,v1=38b1a127edd119e27c20b962cf86896b94754cb9cc56fad964f85b5988cf84cb",
            caller.signature("correct horse battery staple", 1764435562, b'{"a": 1}'),
        )


class SecretsTest(testtools.TestCase):
    """At rest."""

    def test_without_keys_they_stand_as_they_are(self) -> None:
        secrets = Secrets(config())
        self.assertEqual(_SECRET, secrets.open(secrets.seal(_SECRET)))

    def test_with_keys(self) -> None:
        old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
        sealed = Secrets(config(secret_keys=[old])).seal(_SECRET)
        self.assertNotIn("guess", sealed)
        self.assertEqual(_SECRET, Secrets(config(secret_keys=[new, old])).open(sealed))
        for keys in ([new], []):
            error = self.assertRaises(
                exceptions.Unavailable, Secrets(config(secret_keys=keys)).open, sealed
            )
            self.assertIn("[webhook] secret_keys", str(error))
        # What was written before there were keys is read, too.
        plain = Secrets(config()).seal(_SECRET)
        self.assertEqual(_SECRET, Secrets(config(secret_keys=[new])).open(plain))

    def test_a_key_that_is_none(self) -> None:
        error = self.assertRaises(exceptions.Unavailable, Secrets, config(secret_keys=["x"]))
        self.assertIn("[webhook] secret_keys", str(error))


class CallerTest(testtools.TestCase):
    """From the row to the manager."""

    def setUp(self) -> None:
        super().setUp()
        folder = tempfile.TemporaryDirectory(prefix="fenix-test-")
        self.addCleanup(folder.cleanup)
        self.conf = config(allow_http=True, allowed_networks=["127.0.0.0/8"])
        self.conf.set_override("connection", f"sqlite:///{folder.name}/f.sqlite", "database")
        self.database = Database(self.conf)
        self.addCleanup(self.database.dispose)
        schema.upgrade(self.database)
        self.got: list[tuple[bytes, str | None]] = []
        got = self.got

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                content = self.rfile.read(int(self.headers["Content-Length"]))
                got.append((content, self.headers["X-Fenix-Signature"]))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_args: object) -> None:
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        self.row = records.Subscription(
            "p" * 32,
            f"http://localhost:{server.server_port}/fenix",
            Secrets(self.conf).seal(_SECRET),
            "maintenance.planned",
            _AT,
        )
        self.caller = caller.Caller(self.conf, self.database, timing.SystemClock())

    def test_delivered_and_signed(self) -> None:
        subscriptions.put(self.database, self.row)
        self.caller.deliver(row())
        ((content, header),) = self.got
        client.verify(content, header, _SECRET)
        self.assertEqual("m", client.decode(content).message_id)

    def test_no_subscription_any_more(self) -> None:
        error = self.assertRaises(exceptions.Undeliverable, self.caller.deliver, row())
        self.assertIn("no subscription any more", str(error))

    def test_a_url_that_is_not_allowed_any_more(self) -> None:
        """The configuration changed, or the name leads elsewhere now."""
        subscriptions.put(self.database, self.row)
        for name, value in (("allow_http", False), ("allowed_networks", [])):
            conf = config(**{"allow_http": True, "allowed_networks": ["127.0.0.0/8"], name: value})
            late = caller.Caller(conf, self.database, timing.SystemClock())
            self.assertRaises(exceptions.Undeliverable, late.deliver, row())
        self.assertEqual([], self.got)

    def test_the_secret_is_not_shown(self) -> None:
        self.assertNotIn("guess", repr(self.row))
        self.assertNotIn("guess", repr(dataclasses.replace(self.row, url="x")))

    def test_certificates_that_are_not_there(self) -> None:
        self.conf.set_override("ca_file", "/nowhere/ca.pem", "webhook")
        error = self.assertRaises(
            exceptions.Unavailable,
            caller.Caller,
            self.conf,
            self.database,
            timing.SystemClock(),
        )
        self.assertIn("[webhook] ca_file = /nowhere/ca.pem", str(error))
