"""Pictures in files: ``--picture``, a session as a Gantt chart, and what else is drawn."""

from __future__ import annotations

import argparse
import datetime
import pathlib

from osc_lib import exceptions

from fenix.client import results
from fenix.osc import base, timeline, values
from fenix.view import gantt
from fenix.view.chart import Chart


def add(parser: argparse.ArgumentParser, when: str = "") -> None:
    """Add ``--picture``."""
    parser.add_argument(
        "--picture",
        metavar="<file.svg>",
        type=values.picture_file,
        help=f"Draw hosts, moves, actions and answers over time into this file{when and ' '}{when}",
    )


def write(
    command: base.Base,
    parsed: argparse.Namespace,
    session_id: str,
    detail: results.Detail | None,
) -> None:
    """Draw a session, if that is wanted.

    :param detail: None when the session was deleted.
    """
    if parsed.picture is None:
        return
    history = list(command.client.sessions.history(session_id))
    now = datetime.datetime.now(datetime.UTC)
    save(parsed, timeline.chart(session_id, history, detail, now))


def save(parsed: argparse.Namespace, chart: Chart) -> None:
    """Write the chart's file.

    :raises osc_lib.exceptions.CommandError: it cannot be written.
    """
    keep("--picture", parsed.picture, gantt.svg(chart))


def keep(option: str, path: pathlib.Path, text: str) -> None:
    """Write a file, in place of the one that is there; who reads it finds the old or the new one.

    :param option: which names the file.
    :raises osc_lib.exceptions.CommandError: it cannot be written.
    """
    try:
        if path.exists() and not path.is_file():
            # A pipe or a device: it cannot be replaced.
            path.write_text(text, encoding="utf-8")
            return
        new = path.with_name(f".{path.name}.new")
        new.write_text(text, encoding="utf-8")
        new.replace(path)
    except OSError as error:
        raise exceptions.CommandError(f"{option}: {error}") from None
