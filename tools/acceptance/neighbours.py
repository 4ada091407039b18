"""Masakari and Vitrage see a host in maintenance, and see it back: by their own APIs."""

import datetime
import pathlib

import yaml
from checks import until
from play import PATIENCE, SOON, Play

_TEMPLATES = pathlib.Path(__file__).parents[2] / "etc" / "vitrage"
_SEGMENT = "acceptance"
#: Seconds of maintenance, in which the session is paused to look around.
_WORK = 5
_MAINTENANCE, _DOWN, _DEDUCED = "host.maintenance", "compute.host.down", "host failed"


class Masakari:
    """A segment with hosts, by name: whether each is on maintenance."""

    def __init__(self, lab, hosts):
        self._http = lab.rest("instance-ha")
        for segment in self._http.get("/segments").json()["segments"]:
            for host in self._of(segment["uuid"]):
                self._http.delete(f"/segments/{segment['uuid']}/hosts/{host['uuid']}")
            self._http.delete(f"/segments/{segment['uuid']}")
        segment = {"name": _SEGMENT, "recovery_method": "auto", "service_type": "compute"}
        made = self._http.post("/segments", json={"segment": segment}).json()["segment"]
        self._segment = made["uuid"]
        for name, on_maintenance in hosts.items():
            host = {"name": name, "type": "COMPUTE", "control_attributes": "none"}
            body = {"host": {**host, "on_maintenance": on_maintenance}}
            self._http.post(f"/segments/{self._segment}/hosts", json=body)

    def _of(self, segment):
        return self._http.get(f"/segments/{segment}/hosts").json()["hosts"]

    def hosts(self):
        return {host["name"]: host["on_maintenance"] for host in self._of(self._segment)}


class Vitrage:
    """Alarms and the state of hosts, with the templates that Fenix ships."""

    def __init__(self, lab):
        self._http = lab.rest("rca")
        until("Vitrage is ready", self._ready, PATIENCE)
        known = {t["name"] for t in self._templates()}
        # As its client does: every value is text.
        found = {p.stem: yaml.load(p.read_text(), yaml.BaseLoader) for p in _TEMPLATES.iterdir()}
        new = [[name, body] for name, body in sorted(found.items()) if name not in known]
        if new:
            self._http.put("/v1/template", json={"templates": new, "template_type": None})
        until("Vitrage uses the templates", lambda: self._active(found), SOON)

    def _ready(self):
        return self._http.get("/v1/status", raise_exc=False).status_code == 200 and self.state()

    def _templates(self):
        return self._http.get("/v1/template").json()

    def _active(self, names):
        return names.keys() <= {t["name"] for t in self._templates() if t["status"] == "ACTIVE"}

    def state(self):
        """What Vitrage makes of each host; None, when it is just starting."""
        body = {"resource_type": "nova.host", "all_tenants": True}
        found = self._http.post("/v1/resources", json=body, raise_exc=False)
        rows = found.json() if found.status_code == 200 else []
        return {row["id"]: row.get("vitrage_aggregated_state") for row in rows}

    def alarms(self, host=None):
        """Names of active alarms; of those that monitors raise, on one host."""
        query = {"vitrage_id": "all", "all_tenants": 1}
        found = self._http.get("/v1/alarm", params=query).json()
        return {a["name"] for a in found if host is None or a.get("hostname") == host}

    def forget(self, host):
        """No alarm on a host, whatever an earlier run that was ended left.

        Vitrage drops an "up" when it has seen no "down" since it started, though its graph, which
        outlives it, may have the alarm: so both are said.
        """
        for status in ("down", "up"):
            self.monitor_says(host, status)
        until(f"nobody takes {host} for failed", lambda: _DEDUCED not in self.alarms(), SOON)

    def monitor_says(self, host, status):
        """A monitor finds that a host does not answer, or that it does again."""
        moment = datetime.datetime.now(datetime.UTC)
        details = {"hostname": host, "source": "monitor", "cause": "", "severity": "critical"}
        body = {
            "time": f"{moment:%Y-%m-%dT%H:%M:%S.%f}",
            "type": _DOWN,
            "details": {**details, "status": status, "monitor_id": "m", "monitor_event_id": "1"},
        }
        self._http.post("/v1/event", json=body)


def neighbours_are_told(stage):
    """Neither takes a host in maintenance for failed; afterwards both do as before."""
    report, lab, admin = stage.report, stage.lab, stage.admin
    before = {"compute-1": False, "compute-2": True}
    masakari, vitrage = Masakari(lab, before), Vitrage(lab)
    vitrage.forget("compute-1")
    action = {"plugin": "dummy", "type": "host", "metadata": {"seconds": _WORK}}
    with Play(stage, worker_1=("vnf-a", "compute-1")) as play:
        session_id = admin.create(hosts=list(before), actions=[action])
        until("Masakari has compute-1 on maintenance", lambda: masakari.hosts()["compute-1"], SOON)
        report.equal("Masakari has both on maintenance", {True}, set(masakari.hosts().values()))
        admin.command(session_id, "pause")
        until(
            "Vitrage has an alarm on compute-1", lambda: _MAINTENANCE in vitrage.alarms("compute-1")
        )
        until("and shows it", lambda: vitrage.state()["compute-1"] == "SUBOPTIMAL", SOON)
        vitrage.monitor_says("compute-1", "down")
        until("a monitor finds it down", lambda: _DOWN in vitrage.alarms("compute-1"), SOON)
        report.equal("Vitrage deduces nothing from it", False, _DEDUCED in vitrage.alarms())
        admin.command(session_id, "resume")
        play.done(session_id, worker_1=["moved"])
        until("Masakari has compute-1 back", lambda: not masakari.hosts()["compute-1"], SOON)
        report.equal("and what an admin had set", before, masakari.hosts())
        until("Vitrage's alarm ends", lambda: _MAINTENANCE not in vitrage.alarms("compute-1"), SOON)
        until("the host is taken for failed now", lambda: _DEDUCED in vitrage.alarms(), SOON)
        vitrage.monitor_says("compute-1", "up")
        until("all alarms end", lambda: not vitrage.alarms("compute-1"), SOON)
        until("nothing is deduced", lambda: _DEDUCED not in vitrage.alarms(), SOON)
        until("compute-1 is well", lambda: vitrage.state()["compute-1"] == "AVAILABLE", SOON)
        _judge_history(stage, session_id)


def _judge_history(stage, session_id):
    said = stage.admin.events(session_id, "observer")
    expected = {
        "masakari: compute-1 on maintenance in its segment",
        "masakari: compute-1 not on maintenance any more in its segment",
        *(
            f"vitrage: {host} alarm {_MAINTENANCE} {what}"
            for host in ("compute-1", "compute-2")
            for what in ("raised", "ended")
        ),
    }
    stage.report.equal("the history says what was told", expected, set(said))


SCENARIOS = (neighbours_are_told,)
