"""The result, for a reader or a program."""

import json
import sys

from chaoskit.run import STANDSTILL

_ZEROS = {
    "lost replies": "lost_replies",
    "double moves": "double_moves",
    "double host actions": "double_actions",
    "double scale requests": "double_scalings",
    "group violations": "group_violations",
    "sessions that ended otherwise": "other_ends",
}


def report(outcome, seed, kills, as_json, out=None):
    """Print the outcome. Returns the exit status: 0 when nothing was lost or done twice."""
    out = out or sys.stdout
    findings = outcome.findings
    zeros = {name: getattr(findings, field) for name, field in _ZEROS.items()}
    sound = not any(zeros.values()) and outcome.standstill <= STANDSTILL
    whole = outcome.kills >= kills
    if as_json:
        body = {
            "seed": seed,
            "kills": outcome.kills,
            "sessions": outcome.sessions,
            "repeated harmless calls": findings.repeats,
            **zeros,
            "longest standstill": round(outcome.standstill, 1),
            "troubles": outcome.troubles,
            "seconds": round(outcome.seconds),
            "details": findings.details,
            "ok": sound and whole,
        }
        print(json.dumps(body), file=out)
        return 0 if sound and whole else 1
    troubles = ", ".join(f"{n} {w.replace('_', ' ')}" for w, n in sorted(outcome.troubles.items()))
    lines = [
        f"kills: {outcome.kills}" + ("" if whole else f" (of {kills}: the time was over)"),
        f"sessions: {outcome.sessions}",
        f"repeated harmless calls: {findings.repeats}",
        *(f"{name}: {count} (0) {_verdict(not count)}" for name, count in zeros.items()),
        f"longest standstill while one engine and all neighbours were up: "
        f"{outcome.standstill:.1f} s (<= {STANDSTILL} s) "
        f"{_verdict(outcome.standstill <= STANDSTILL)}",
        f"    {troubles}; {outcome.seconds:.0f} s; seed {seed}",
    ]
    print("\n".join([*lines, *findings.details]), file=out)
    return 0 if sound and whole else 1


def _verdict(ok):
    return "ok" if ok else "NOT MET"
