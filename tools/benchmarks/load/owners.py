"""Processor time of processes that others have started: broker and database."""

import os
import pathlib
import urllib.parse

_TICK = os.sysconf("SC_CLK_TCK")
_LISTEN = "0A"


def of(neighbours):
    """Process ids by name, of those that listen on this machine."""
    ports = {
        "RabbitMQ": urllib.parse.urlsplit(neighbours.broker).port,
        "MariaDB": urllib.parse.urlsplit(neighbours.server).port,
    }
    found = {name: _listener(port) for name, port in ports.items()}
    return {name: pid for name, pid in found.items() if pid is not None}


def cpu(pid):
    """Seconds that a process has used."""
    return _sum(pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()[11:13])


def machine():
    """Seconds that all processors have worked, whoever for."""
    fields = pathlib.Path("/proc/stat").read_text().splitlines()[0].split()[1:]
    idle = _sum(fields[3:5])
    return _sum(fields[:8]) - idle


def _sum(ticks):
    return sum(map(int, ticks)) / _TICK


def _listener(port):
    inode = None
    for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[3] == _LISTEN and int(fields[1].rpartition(":")[2], 16) == port:
            inode = fields[9]
    for handle in pathlib.Path("/proc").glob("[0-9]*/fd/*") if inode else ():
        try:
            if os.readlink(handle) == f"socket:[{inode}]":
                return int(handle.parts[2])
        except OSError:
            continue
    return None
