#!/usr/bin/env python3
"""The acceptance: Fenix deployed on the lab's OpenStack, and judged by what Nova shows.

``tools/test openstack`` runs it. By hand, with the lab up and openstack-fenix[test,mysql]
installed: ``eval "$(tools/openstack-lab env)"; python tools/acceptance/run.py``.

It also is an example of a deployment (deployment.py: catalogue, configuration, schema, daemons)
and of clients (client.py, managers.py). The last line is "N passed, N failed".
"""

import os
import signal
import sys

import faults
import rolling
import verdicts
from alarms import Tap
from checks import Report
from client import Client
from deployment import API, ENGINES, Deployment
from lab import Lab
from managers import Manager
from stage import Stage


def deploy(report, fenix):
    """From nothing to a service that answers."""
    fenix.register()
    fenix.configure()
    code, _ = fenix.run("fenix-status", "upgrade", "check")
    report.equal("the upgrade check asks for the schema", 2, code)
    code, printed = fenix.run("fenix-manage", "db", "upgrade")
    report.equal("fenix-manage makes the schema", (0, ""), (code, printed if code else ""))
    code, printed = fenix.run("fenix-status", "upgrade", "check")
    report.equal("the upgrade check is content", (0, ""), (code, printed if code else ""))
    fenix.start(API, *ENGINES)
    fenix.wait_ready()
    report.equal("the API has two workers", 2, len(fenix.workers(API)))
    report.equal("the catalogue has Fenix", f"{fenix.url}/v1", fenix.endpoint())


def ready(report, lab, fenix):
    """Puts the lab in order and deploys; returns whether that worked."""
    with report.part("deployment"):
        lab.clean()
        lab.clean_alarms()
        lab.let_admin_boot_for_projects()
        deploy(report, fenix)
        return True
    return False


def cast(report, lab, fenix):
    """The managers and the administrators, each with alarms of its own."""
    managers = (Manager(lab, "vnf-a"), Manager(lab, "vnf-b"))
    managers[0].listen("maintenance.planned")
    managers[1].listen("maintenance.scheduled")  # the name that existing managers know
    tap = Tap()
    lab.subscribe(lab.session("fenix", "service"), "maintenance.session", tap.url)
    lab.subscribe(lab.admin, "maintenance.host", tap.url)
    return Stage(report, lab, fenix, Client(lab.admin, lab.region), managers, tap)


def run(stage):
    """Everything, in order; returns the summary line."""
    line = "no session came to its end"
    with stage.report.part("a session over all hosts"):
        story = rolling.maintain(stage)
        verdicts.judge(stage, story)
        rolling.end(stage, story)
        taps = [stage.tap, *(manager.tap for manager in stage.managers)]
        alarms = sum(len(tap.of(story.session_id)) for tap in taps)
        line = rolling.summary(story, alarms, stage.admin.refused)
    with stage.report.part("hosts are emptied for the faults"):
        faults.clean(stage)
    faults.run(stage)
    return line


def main():
    if "LAB" not in os.environ:
        sys.exit('the lab is not in the environment: eval "$(tools/openstack-lab env)"')
    # Ended from outside, it still stops its daemons and cleans up.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    report = Report()
    lab = Lab(os.environ)
    fenix = Deployment(lab)
    line = "nothing was tried"
    try:
        if ready(report, lab, fenix):
            line = run(cast(report, lab, fenix))
    finally:
        with report.part("the end"):
            codes = fenix.stop_all()
            report.none("daemons end when asked", [n for n, c in codes.items() if c != 0])
            lab.clean()
            lab.clean_alarms()
            report.none("nothing is left allocated", lab.misplaced_allocations())
    if report.failed:
        print(f"logs and configuration: {fenix.folder}; the cloud's logs: {lab.env['LAB_LOGS']}")
    print(line)
    print(report.last_line())
    return 1 if report.failed else 0


if __name__ == "__main__":
    sys.exit(main())
