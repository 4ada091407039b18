#!/usr/bin/env python3
"""The acceptance: Fenix deployed on the lab's OpenStack, and judged by what Nova shows.

``tools/test openstack`` runs it. By hand, with the lab up and openstack-fenix[test,mysql]
installed: ``eval "$(tools/openstack-lab env)"; python tools/acceptance/run.py``.

It also is an example of a deployment (deployment.py: catalogue, configuration, schema, daemons)
and of clients (client.py, managers.py). The last line is "N passed, N failed".
"""

import argparse
import os
import re
import signal
import sys

import constrained
import conversation
import half_way
import host_changes
import host_faults
import move_faults
import neighbours
import rolling
import service_faults
import upgrade
import verdicts
import without_aodh
from alarms import Tap
from checks import Report
from client import Client
from deployment import API, ENGINES, Deployment
from lab import Lab
from managers import Manager
from play import clean
from stage import Stage

#: Short times for sessions that are to fail: after so many tries, and so many seconds.
_FAULT_OPTIONS = {
    "project_maintenance_reply": 15,
    "live_migration_wait_time": 25,
    "abort_wait_time": 5,
    "live_migration_retries": 1,
    "move_retry_interval": 1,
    "own_action_wait_time": 20,
    "host_back_wait_time": 25,
}


def deploy(report, lab, fenix):
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
    report.none("Ceilometer has the files that Fenix ships", lab.unlike_shipped())
    report.equal("the API has two workers", 2, len(fenix.workers(API)))
    report.equal("the catalogue has Fenix", f"{fenix.url}/v1", fenix.endpoint())


def ready(report, lab, fenix):
    """Puts the lab in order and deploys; returns whether that worked."""
    with report.part("deployment"):
        lab.clean()
        lab.clean_alarms()
        lab.let_admin_boot_for_projects()
        deploy(report, lab, fenix)
        return True
    return False


def cast(report, lab, fenix, write_conversation):
    """The managers and the administrators, each with alarms of its own."""
    managers = (Manager(lab, "vnf-a"), Manager(lab, "vnf-b"))
    managers[0].listen("maintenance.planned")
    managers[1].listen("maintenance.scheduled")  # the name that existing managers know
    tap = Tap()
    lab.subscribe(lab.session("fenix", "service"), "maintenance.session", tap.url)
    lab.subscribe(lab.admin, "maintenance.host", tap.url)
    admin = Client(lab.admin, lab.region)
    return Stage(report, lab, fenix, admin, managers, tap, write_conversation)


def a_session_over_all_hosts(stage):
    """The main job; returns the line that says what was done."""
    story = rolling.maintain(stage)
    verdicts.judge(stage, story)
    rolling.end(stage, story)
    taps = [stage.tap, *(manager.tap for manager in stage.managers)]
    alarms = sum(len(tap.of(story.session_id)) for tap in taps)
    clean(stage)
    return rolling.summary(story, alarms, stage.admin.refused)


def short_times(stage):
    """Engines that give up sooner, for the faults that follow."""
    stage.fenix.add("workflow", **_FAULT_OPTIONS)
    names = stage.fenix.engines()
    stage.fenix.stop(*names)
    stage.fenix.start(*names)
    stage.fenix.wait_ready()


PARTS = (
    a_session_over_all_hosts,
    *conversation.SCENARIOS,
    *constrained.SCENARIOS,
    *neighbours.SCENARIOS,
    *without_aodh.SCENARIOS,
    *half_way.SCENARIOS,
    *host_changes.SCENARIOS,
    *upgrade.SCENARIOS,
    short_times,
    *service_faults.SCENARIOS,
    *move_faults.SCENARIOS,
    *host_faults.SCENARIOS,
)


def run(stage, wanted):
    """Every part whose name matches, in order; returns what they say of themselves."""
    lines = []
    for part in PARTS:
        name = part.__name__.replace("_", " ")
        if part is not short_times and not re.search(wanted, name):
            continue
        before = stage.report.failed
        with stage.report.part(name):
            lines.append(part(stage))
        if stage.report.failed != before:
            with stage.report.part("what it left is removed"):
                clean(stage)
    return [line for line in lines if line]


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", default="", metavar="REGEX", help="parts whose names match")
    parser.add_argument(
        "--write-conversation",
        action="store_true",
        help="write the recordings that the manual shows",
    )
    options = parser.parse_args()
    if "LAB" not in os.environ:
        sys.exit('the lab is not in the environment: eval "$(tools/openstack-lab env)"')
    # Ended from outside, it still stops its daemons and cleans up.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    report = Report()
    lab = Lab(os.environ)
    fenix = Deployment(lab)
    lines = []
    try:
        if ready(report, lab, fenix):
            stage = cast(report, lab, fenix, options.write_conversation)
            lines = run(stage, options.only)
    finally:
        with report.part("the end"):
            codes = fenix.stop_all()
            report.none("daemons end when asked", [n for n, c in codes.items() if c != 0])
            lab.clean()
            lab.clean_alarms()
            report.none("nothing is left allocated", lab.misplaced_allocations())
    if report.failed:
        print(f"logs and configuration: {fenix.folder}; the cloud's logs: {lab.env['LAB_LOGS']}")
    print("\n".join(lines))
    print(report.last_line())
    return 1 if report.failed else 0


if __name__ == "__main__":
    sys.exit(main())
