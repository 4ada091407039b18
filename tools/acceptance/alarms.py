"""What Aodh's alarms say, kept as it comes in."""

import ast
import dataclasses
import datetime
import http.server
import json
import threading

import requests

TEXT, INTEGER, TIME = 1, 2, 4


@dataclasses.dataclass(frozen=True)
class Alarm:
    """One webhook. ``traits``: name -> (type, value); ``sent``: when Fenix wrote the event."""

    event_type: str
    sent: datetime.datetime
    traits: dict

    def __getitem__(self, name):
        return self.traits[name][1]

    def literal(self, name):
        """A list or object, which Ceilometer made text of."""
        return ast.literal_eval(self[name])


def read(body):
    """An alarm from the body of a webhook."""
    event = body["reason_data"]["event"]
    return Alarm(
        event["event_type"],
        datetime.datetime.fromisoformat(event["generated"]),
        {name: (kind, value) for name, kind, value in event["traits"]},
    )


class Tap:
    """Receives alarms, keeps each, and passes it on to whom it is for.

    ``came``: alarms in the order of their arrival; ``on_body``: is called with each as it came.
    """

    def __init__(self, forward=None):
        """``forward``: URL of the manager that handles the alarms; None: nobody."""
        self.came = []
        self.on_body = None
        self._forward = forward
        tap = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                tap.take(body)
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/"

    def take(self, body):
        decoded = json.loads(body)
        self.came.append(read(decoded))
        if self.on_body is not None:
            self.on_body(decoded)
        if self._forward is not None:
            requests.post(self._forward, data=body, timeout=10)

    def of(self, session_id, event_type=None):
        """Alarms about a session, of one type or of all."""
        return [
            alarm
            for alarm in list(self.came)
            if alarm["session_id"] == session_id and event_type in (None, alarm.event_type)
        ]

    def stop(self):
        self._server.shutdown()
        self._server.server_close()
