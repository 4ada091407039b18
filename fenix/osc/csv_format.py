"""``-f csv``, also for commands that show one thing: cliff has it for lists only."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Sequence
from typing import Any, TextIO

from cliff.columns import FormattableColumn
from cliff.formatters import base, commaseparated


class CsvFormatter(commaseparated.CSVLister, base.SingleFormatter):
    """A line with the names of the columns, then a line for each thing.

    A list or an object is JSON inside its cell, so that every language can read it; cliff writes
    Python there.
    """

    def emit_list(
        self,
        column_names: Sequence[str],
        data: Iterable[Sequence[Any]],
        stdout: TextIO,
        parsed_args: argparse.Namespace,
    ) -> None:
        """Write all of them."""
        rows = ([_cell(value) for value in row] for row in data)
        super().emit_list(column_names, rows, stdout, parsed_args)

    def emit_one(
        self,
        column_names: Sequence[str],
        data: Sequence[Any],
        stdout: TextIO,
        parsed_args: argparse.Namespace,
    ) -> None:
        """Write the one."""
        self.emit_list(column_names, [data], stdout, parsed_args)


def _cell(value: Any) -> Any:
    if isinstance(value, FormattableColumn):
        return json.dumps(value.machine_readable(), default=str)
    return value
