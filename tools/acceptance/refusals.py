"""What Fenix must refuse, tried while a session waits for the answer of vnf-b."""

import datetime
import time

import requests
from client import Client, short_lived_token

#: Tables with rows about a project's part in a session.
_TABLES = ("project_waits", "projects", "instances", "session_events")
_TOKEN_SECONDS = 5


def refusals(stage, session_id):
    """vnf-a interferes while vnf-b is being asked."""
    report, lab, admin, managers = stage.report, stage.lab, stage.admin, stage.managers
    members = [Client(manager.session, lab.region) for manager in managers]
    projects = [manager.project_id for manager in managers]
    token, expires = short_lived_token(lab, "vnf-b", _TOKEN_SECONDS)
    url = f"/maintenance/{session_id}/{projects[1]}"
    short_lived = members[1].call("GET", url, token=token).code
    report.equal("a token that will expire is good until then", 200, short_lived)

    _tokens(report, stage.fenix, members[0], session_id, projects[1])
    _listed(report, lab, members[1], managers[1], url)
    _bodies(report, admin, members[1], session_id, url)
    _public(report, stage.fenix)

    left = (expires - datetime.datetime.now(datetime.UTC)).total_seconds()
    time.sleep(max(0.0, left) + 1)
    answer = members[1].call("PUT", url, {"state": "ACK_MAINTENANCE"}, token=token)
    report.equal("an expired token is refused", 401, answer.code)
    admin.refused += sum(member.refused for member in members)


def _tokens(report, fenix, stranger, session_id, project):
    """Calls that no token of vnf-a allows."""
    url = f"/maintenance/{session_id}/{project}"
    before = _written(fenix, session_id, project)
    reply = {"state": "ACK_MAINTENANCE"}
    calls = {
        "another project's reply": ("PUT", url, reply, 403),
        "another project's reply for an instance": ("PUT", f"{url}/{session_id}", reply, 403),
        "another project's look": ("GET", url, None, 403),
        "another project and an unknown session": (
            "PUT",
            f"/maintenance/{'0' * 8}-0000-0000-0000-{'0' * 12}/{project}",
            reply,
            403,
        ),
        "a project that creates a session": ("POST", "/maintenance", {}, 403),
        "a project that lists sessions": ("GET", "/maintenance", None, 403),
        "a project that deletes a session": ("DELETE", f"/maintenance/{session_id}", None, 403),
        "a project that looks at a session": (
            "GET",
            f"/maintenance/{session_id}/detail",
            None,
            403,
        ),
    }
    for what, (method, path, body, code) in calls.items():
        answer = stranger.call(method, path, body)
        report.equal(f"{what} is refused", code, answer.code)
    answer = stranger.call("PUT", url, reply, token="no-token-at-all")
    report.equal("a made-up token is refused", 401, answer.code)
    answer = stranger.call("PUT", url, reply, authenticated=False)
    report.equal("a reply without a token is refused", 401, answer.code)
    shape = {"code", "title", "message", "request_id"}
    report.equal("a refusal has the shape of errors", shape, set(answer.body["error"]))
    report.equal("refused calls have written nothing", before, _written(fenix, session_id, project))


def _written(fenix, session_id, project):
    where = {"session_id": session_id, "project_id": project}
    found = {table: fenix.rows(table, **where) for table in _TABLES}
    found["sessions"] = fenix.count("sessions")
    return found


def _listed(report, lab, member, manager, url):
    """What the project is told of its instances."""
    answer = member.call("GET", url)
    by_nova = sorted(server.id for server in lab.servers(manager.project_id))
    told = sorted(answer.body.get("instance_ids", []))
    report.equal("a project is told all its instances before work starts", by_nova, told)
    same = member.call("GET", f"{url}/").body
    report.equal("a trailing slash changes nothing", answer.body, same)


def _bodies(report, admin, member, session_id, url):
    """Bodies that are refused, each with its code."""
    calls = {
        "an unknown workflow": ("POST", "/maintenance", {"workflow": "no-such"}, 422),
        "an unknown action": (
            "POST",
            "/maintenance",
            {"actions": [{"plugin": "no-such", "type": "host"}]},
            422,
        ),
        "an unknown host": ("POST", "/maintenance", {"hosts": ["no-such"]}, 422),
        "an unknown field": ("POST", "/maintenance", {"no_such": 1}, 400),
        "metadata that Ceilometer would cut": (
            "POST",
            "/maintenance",
            {"metadata": {"text": "x" * 250}},
            400,
        ),
        "a second session over the same hosts": ("POST", "/maintenance", {}, 409),
        "a session that goes on already": ("PUT", f"/maintenance/{session_id}", {}, 409),
        "an unknown session": ("GET", "/maintenance/no-such", None, 404),
        "a body on GET": ("GET", "/maintenance", {"hosts": []}, 400),
    }
    for what, (method, path, body, code) in calls.items():
        report.equal(f"{what} answers {code}", code, admin.call(method, path, body).code)
    answer = admin.call("POST", "/maintenance", {"workflow": "no-such"})
    report.equal("an unknown workflow lists those there are", True, "default" in answer.message)
    answer = admin.call("POST", "/maintenance", {})
    report.equal("409 names the session that has the hosts", True, session_id in answer.message)
    answer = member.call("PUT", url, {"state": "YES"})
    report.equal("a reply that is neither ACK nor NACK answers 400", 400, answer.code)
    late = member.call("PUT", url, {"state": "ACK_SCALE_IN"})
    report.equal("a reply to another state is taken and ignored", 200, late.code)


def _public(report, fenix):
    """What needs no token."""
    plain = {path: requests.get(f"{fenix.url}{path}", timeout=10) for path in ("/", "/v1")}
    links = plain["/v1"].json()["version"]["links"]
    report.equal("the version document needs no token", (200, 200), _codes(plain.values()))
    report.equal("its link is the public endpoint", f"{fenix.url}/v1", links[0]["href"])
    health = requests.get(f"{fenix.url}/healthcheck", timeout=10)
    report.equal("the health check needs no token", 200, health.status_code)


def _codes(responses):
    return tuple(response.status_code for response in responses)
