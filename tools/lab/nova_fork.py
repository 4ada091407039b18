"""Starts Nova's processes as forks of one that has imported Nova: each saves seconds and memory.

The managers and the driver are imported here, though only the children use them.

Usage: nova_fork.py RUN LOG ETC NAME... -- NAME..., a NAME being nova-conductor, nova-scheduler or
compute-N. Each group is started when standard input says so with a line. Writes RUN/NAME.pid
("pid start-time") and returns; each process prints into LOG/NAME.out, and writes the release of
Nova that it runs into RUN/NAME.release.
"""

import gc
import os
import sys

os.environ["OS_NOVA_DISABLE_EVENTLET_PATCHING"] = "1"

# The commands first: they choose threads before anything imports eventlet.
# isort: off
from nova.cmd import compute, conductor, scheduler
import nova.compute.manager
import nova.conductor.manager
import nova.db.main.api
import nova.scheduler.manager
import nova.servicegroup.api
import nova.virt.labfake
import setproctitle
from nova import version
# isort: on

nova.servicegroup.api.INITIAL_REPORTING_DELAY = 0.5  # seconds; with Nova's 5 a start waits twice


def command(name, etc):
    """Returns (main function, argv) of the process NAME."""
    files = [f"{etc}/nova.conf", f"{etc}/{name if name.startswith('compute-') else 'db'}.conf"]
    binary, module = {
        "nova-conductor": ("nova-conductor", conductor),
        "nova-scheduler": ("nova-scheduler", scheduler),
    }.get(name, ("nova-compute", compute))
    return module.main, [binary, *(word for file in files for word in ("--config-file", file))]


def become(name, run, log, etc):
    """Runs NAME in this (forked) process, never returns."""
    os.setsid()
    with open(f"{run}/{name}.release", "w") as file:
        file.write(f"{version.version_string()}\n")
    out = os.open(f"{log}/{name}.out", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    null = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((null, 0), (out, 1), (out, 2)):
        os.dup2(source, target)
    main, sys.argv = command(name, etc)
    setproctitle.setproctitle(" ".join([name, *sys.argv[1:]]))
    main()
    sys.exit(0)


def start_time(pid):
    """Returns the start time of a process as /proc tells it."""
    with open(f"/proc/{pid}/stat") as stat:
        return stat.read().rpartition(") ")[2].split()[19]


def start(run, log, etc, names):
    """Forks one process for each name."""
    gc.freeze()
    for name in names:
        pid = os.fork()
        if pid == 0:
            become(name, run, log, etc)
        with open(f"{run}/{name}.pid", "w") as file:
            file.write(f"{pid} {start_time(pid)}\n")


if __name__ == "__main__":
    cut = sys.argv.index("--")
    for group in (sys.argv[4:cut], sys.argv[cut + 1 :]):
        if not sys.stdin.readline():
            sys.exit("what Nova needs does not run")
        start(*sys.argv[1:4], group)
