"""A cloud without Aodh: the manager is called at the webhook that its project has registered."""

import contextlib
import json
import time

import requests
from checks import until
from client import Client
from managers import Manager
from play import SOON, Play

from fenix.client import ProjectEvent, SignatureError, decode, verify

_HOST = "compute-1"
#: What a metadata service answers on in many clouds.
_FORBIDDEN = "http://169.254.169.254/maintenance"
_WORDS = (
    "MAINTENANCE",
    "PLANNED_MAINTENANCE",
    "INSTANCE_ACTION_DONE",
    "MAINTENANCE_COMPLETE",
)


class Called(Manager):
    """The same manager, called by Fenix.

    ``calls``: body and signature of each call that it was sent; ``answers``: its status codes.
    """

    def __init__(self, lab, project):
        super().__init__(lab, project)
        self.url = f"http://127.0.0.1:{self._server.server_port}/maintenance"
        self.calls, self.answers = [], []

    def receive(self, body, signature):
        code = super().receive(body, signature)
        self.calls.append((body, signature))
        self.answers.append(code)
        return code

    def secret(self):
        return self._secret


@contextlib.contextmanager
def _no_aodh(stage):
    """The catalogue has no alarming service, and engines look at it anew."""
    lab, fenix = stage.lab, stage.fenix
    (service,) = lab.get("identity", "/services?type=alarming")["services"]

    every = fenix.engines()

    def deploy(there, *engines):
        lab.admin.patch(
            f"/services/{service['id']}",
            endpoint_filter={"service_type": "identity"},
            json={"service": {"enabled": there}},
        )
        # What an engine knows of the catalogue came with its token.
        fenix.stop(*fenix.engines())
        fenix.start(*engines)
        fenix.wait_ready()
        stage.report.equal("the catalogue has Aodh", there, "alarming" in _catalogue(lab))

    try:
        # One is enough for a session, and starts sooner than two.
        deploy(False, every[0])
        yield
    finally:
        deploy(True, *every)


def _catalogue(lab):
    """Service types, as a new token has them."""
    session = lab.session("admin")
    return session.auth.get_access(session).service_catalog.get_endpoints().keys()


def a_cloud_without_aodh(stage):
    """Registers, is called, answers, and is forgotten again."""
    report, lab = stage.report, stage.lab
    with _no_aodh(stage), _manager(lab) as manager:
        own = Client(manager.session, lab.region)
        path = f"/subscription/{manager.project_id}"
        heard = [len(m.events) for m in stage.managers]
        _register(report, own, manager, path, lab.projects["vnf-b"])
        with Play(stage, worker_1=("vnf-a", _HOST)) as play:
            session_id = stage.admin.create(hosts=[_HOST])
            play.done(session_id, worker_1=["moved"])
            _judge(stage, manager, session_id)
        report.equal("by Aodh nobody was told", heard, [len(m.events) for m in stage.managers])
        _refuses_others(report, manager)
        report.equal("DELETE forgets it", 200, own.call("DELETE", path).code)
        report.equal("and GET does not find it", 404, own.call("GET", path).code)


@contextlib.contextmanager
def _manager(lab):
    made = Called(lab, "vnf-a")
    try:
        yield made
    finally:
        made.end()


def _register(report, own, manager, path, other):
    """PUT and GET by the project itself; what the operator does not allow is refused."""
    for url, what in ((_FORBIDDEN, "an address inside"), ("file:///etc/passwd", "another scheme")):
        answer = own.call("PUT", path, {"url": url, "secret": "x" * 32})
        report.equal(f"{what} is refused, with the field", (True, True), _refused(answer, "url"))
    answer = own.call("PUT", f"/subscription/{other}", {"url": manager.url, "secret": "x" * 32})
    report.equal("and another project's subscription", 403, answer.code)
    manager.register(manager.url)
    answer = own.call("GET", path)
    report.equal("GET has the URL", (200, manager.url), (answer.code, answer.body["url"]))
    said = json.dumps(answer.body)
    report.equal("and not the secret", False, manager.secret() in said or "secret" in said)


def _refused(answer, field):
    return answer.code in (400, 422), answer.message.startswith(f"{field}:")


def _judge(stage, manager, session_id):
    """Whatever was told came by the webhook, signed, once, and in words that Aodh would use."""
    report = stage.report
    until("the last answer is counted", lambda: len(manager.answers) == len(manager.calls), SOON)
    events = [decode(body) for body, _ in manager.calls]
    report.equal("every call was taken", {200}, set(manager.answers))
    for body, signature in manager.calls:
        verify(body, signature, manager.secret())
    report.equal("every signature holds", len(events), len(manager.calls))
    report.none(
        "the decoder for Aodh reads them", [e for e in events if type(e) is not ProjectEvent]
    )
    states = list(dict.fromkeys(e.state for e in events))
    report.equal("what the manager was told, in order", list(_WORDS), states)
    ids = [e.message_id for e in events]
    report.equal("each once", sorted(set(ids)), sorted(ids))
    replied = [state for state, _ in manager.replies]
    report.equal("what it answered", [s for s in _WORDS if s != "INSTANCE_ACTION_DONE"], replied)
    (project,) = stage.admin.detail(session_id)["projects"]
    report.equal(
        "the session tells how the project is reached",
        (True, "webhook"),
        (project["has_manager"], project["carrier"]),
    )
    letters = stage.admin.call("GET", "/dead_letters").body["dead_letters"]
    report.none("no dead letters", [x for x in letters if x["session_id"] == session_id])


def _refuses_others(report, manager):
    """A call that is not Fenix's, or is not of now, is not believed."""
    body, signature = manager.calls[0]
    for what, sent, header in (
        ("a changed body", body.replace(b"MAINTENANCE", b"SCALE_IN", 1), signature),
        ("no signature", body, None),
    ):
        headers = {} if header is None else {"X-Fenix-Signature": header}
        answer = requests.post(manager.url, data=sent, headers=headers, timeout=10)
        report.equal(f"{what} is refused", 403, answer.status_code)
    try:
        verify(body, signature, manager.secret(), now=time.time() + 3600)
    except SignatureError as error:
        said = str(error)
    else:
        said = "it was taken"
    report.equal("and one of an hour ago", True, "s ago" in said)


SCENARIOS = (a_cloud_without_aodh,)
