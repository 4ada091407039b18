"""The managers of all projects: one receiver of alarms, a few threads that answer."""

import dataclasses
import http.server
import json
import queue
import threading
import time

import requests
import vnfm

_THREADS = 4


@dataclasses.dataclass(frozen=True)
class Reply:
    """An accepted reply; seconds on the monotonic clock, which is the same in all processes."""

    state: str
    heard: float
    sent: float
    accepted: float


class Managers:
    """Answers ACK to every question, and leaves the choice of the action to Fenix.

    ``pause``: returns the seconds to wait before an answer. ``patience``: for so many seconds an
    answer that got 503 is sent again, as the API asks for.
    """

    def __init__(self, pause=lambda: 0.0, patience=0.0):
        self.replies = []
        self.failures = []
        self._pause = pause
        self._patience = patience
        self._sessions = {}
        self._todo = queue.Queue()
        self._threads = []
        self._server = None
        # CPython 3.11 counts the depth of literal_eval() for all threads together, and raises.
        self._parsing = threading.Lock()

    def start(self):
        """Listen for alarms."""
        todo = self._todo

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                todo.put((self.path.strip("/"), body, time.monotonic()))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, form, *args):
                """Standard error is for results."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        work = [self._server.serve_forever, *[self._work] * _THREADS]
        self._threads = [threading.Thread(target=w, daemon=True) for w in work]
        for thread in self._threads:
            thread.start()

    def stop(self):
        """Stop listening; what came in is answered first."""
        self._server.shutdown()
        self._server.server_close()
        for _ in range(_THREADS):
            self._todo.put(None)
        for thread in self._threads:
            thread.join()

    def manage(self, project_id, session):
        """Make the alarm of a project, and answer for it with a session of its own."""
        self._sessions[project_id] = session
        alarm = {
            "name": project_id,
            "type": "event",
            "event_rule": {"event_type": vnfm.EVENT_TYPE},
            "repeat_actions": True,
            "alarm_actions": [f"http://127.0.0.1:{self._server.server_port}/{project_id}"],
        }
        session.post("/v2/alarms", json=alarm, endpoint_filter={"service_type": "alarming"})

    def _work(self):
        http_session = requests.Session()
        while (item := self._todo.get()) is not None:
            project_id, body, heard = item
            with self._parsing:
                payload = vnfm.payload_of(json.loads(body))
            if payload["state"].endswith("_DONE"):
                continue
            keystone = self._sessions[project_id]
            token = keystone.get_token()
            time.sleep(self._pause())
            until = time.monotonic() + self._patience
            while True:
                sent = time.monotonic()
                answer = self._put(http_session, payload, token, keystone.verify)
                if answer.status_code != 503 or sent > until:
                    break
                time.sleep(0.2)
            if answer.status_code == 200:
                self.replies.append(Reply(payload["state"], heard, sent, time.monotonic()))
            else:
                self.failures.append(answer.text)

    @staticmethod
    def _put(http_session, payload, token, verify):
        return http_session.put(
            payload["reply_url"],
            json={"session_id": payload["session_id"], "state": f"ACK_{payload['state']}"},
            headers={"X-Auth-Token": token},
            timeout=60,
            # With the session's alone, REQUESTS_CA_BUNDLE would count.
            verify=verify,
        )
