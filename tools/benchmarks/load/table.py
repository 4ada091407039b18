"""The table of a load run: all sessions at once beside one alone in the same run."""

from benchmarks.load import metrics


def rows(options, alone, loaded):
    """``[{"name", "alone", "at_once", "unit"}]``; alone is None when no session ran alone."""
    del options
    lines = [
        ("sessions", "", lambda r: r.sessions),
        ("hosts maintained", "", lambda r: r.hosts),
        ("instances on them", "", lambda r: r.instances),
        ("moves", "", lambda r: r.moves),
        ("time", "s", lambda r: round(r.seconds, 1)),
        ("hosts a minute", "", lambda r: round(60 * r.hosts / r.seconds, 1)),
        ("moves a minute", "", lambda r: round(60 * r.moves / r.seconds, 1)),
        ("replies of managers", "", lambda r: r.replies),
        ("reaction to a reply, p50", "ms", lambda r: _ms(r, 0.5)),
        ("reaction to a reply, p99", "ms", lambda r: _ms(r, 0.99)),
        ("statements per transition", "", lambda r: round(r.statements / r.transitions, 2)),
        (
            "calls to the cloud per host and move",
            "",
            lambda r: round(r.calls / (r.hosts + r.moves), 2),
        ),
        ("engine CPU per host", "ms", lambda r: round(1000 * _engines(r) / r.hosts)),
        ("memory of the largest engine", "MiB", lambda r: round(max(r.memory))),
        ("memory of all engines", "MiB", lambda r: round(sum(r.memory))),
    ]
    for name in loaded.cpu:
        lines.append((f"CPU of {name}", "s", lambda r, n=name: round(r.cpu[n], 1)))
    lines += [
        ("CPU of all processes of the machine", "s", lambda r: round(r.machine, 1)),
        ("share of Fenix", "%", lambda r: _share(r, r.cpu["api"] + _engines(r))),
        ("share of cloud and managers", "%", lambda r: _share(r, r.cpu["cloud and managers"])),
        (
            "share of broker and database",
            "%",
            lambda r: _share(r, r.cpu.get("RabbitMQ", 0) + r.cpu.get("MariaDB", 0)),
        ),
        (
            "share of others on this machine",
            "%",
            lambda r: _share(r, r.machine - sum(r.cpu.values())),
        ),
    ]
    return [
        {"name": name, "alone": alone and of(alone), "at_once": of(loaded), "unit": unit}
        for name, unit, of in lines
    ]


def text(options, found):
    """For a reader."""
    head = (
        f"{options.hosts} computes, {options.engines} engines, model time x {options.speed:g}, "
        f"host actions of {options.host_work:g} model seconds"
    )
    lines = [head, f"{'':42}{'alone':>12}{'at once':>12}"]
    for row in found:
        cells = "".join(f"{'-' if v is None else v:>12}" for v in (row["alone"], row["at_once"]))
        lines.append(f"{row['name']:42}{cells} {row['unit']}")
    return "\n".join(lines)


def _engines(run):
    return sum(used for name, used in run.cpu.items() if name.startswith("engine"))


def _share(run, used):
    return round(100 * max(0.0, used) / run.machine, 1)


def _ms(run, share):
    found = metrics.quantile(run.reaction, share)
    return None if found is None else round(1000 * found, 1)
