"""``python -m fenix.cmd.demo``: see ``tools/demo``."""

from __future__ import annotations

import importlib.util
import io
import json
import logging
import pathlib
import shutil
import signal
import sys
import tempfile
import threading
import traceback
from collections.abc import Sequence
from typing import Any

from fenix.cmd.demo import options

INTERRUPTED = 130
_LOG = "demo.log"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the demo; what went wrong is said on standard error, details are in a log.

    :returns: the exit status.
    """
    asked = options.parse(argv)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="fenix-demo-"))
    _log_to(folder / _LOG)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    status = 1
    try:
        status = _demo(asked, folder)
    except KeyboardInterrupt:
        status = INTERRUPTED
        print("interrupted", file=sys.stderr)
    except Exception as error:
        logging.getLogger("demo").exception("The demo failed")
        print(f"demo: {_in_one_line(error)}", file=sys.stderr)
    finally:
        if status == 1:
            print(f"the log is {folder / _LOG}", file=sys.stderr)
        else:
            logging.shutdown()
            shutil.rmtree(folder, ignore_errors=True)
    return status


def _demo(asked: options.Options, folder: pathlib.Path) -> int:
    from fenix import concurrency

    concurrency.setup()
    # Only now: the backend has to be chosen before anything else is imported.
    from fenix.cmd.demo.run import Demo

    with Demo(asked, folder) as demo:
        display = _display(asked.json)
        try:
            result = demo.run(display)
        finally:
            display.close()
    if result.trouble:
        print(result.trouble, file=sys.stderr)
    print(json.dumps(result.as_dict()) if asked.json else result.line())
    return result.status


def _display(as_json: bool) -> Any:
    """The terminal, or plain lines; with ``--json`` on standard error, if somebody watches it."""
    from fenix.cmd.demo.plain import Plain

    if as_json:
        return Plain(sys.stderr if sys.stderr.isatty() else io.StringIO())
    if not sys.stdout.isatty() or importlib.util.find_spec("rich") is None:
        return Plain(sys.stdout)
    from rich.console import Console

    from fenix.cmd.demo.screen import screen

    return screen(Console())


def _log_to(path: pathlib.Path) -> None:
    logging.basicConfig(
        filename=path,
        level=logging.WARNING,
        format="%(asctime)s %(levelname)s %(threadName)s %(name)s: %(message)s",
        force=True,
    )
    logging.getLogger("fenix").setLevel(logging.INFO)
    logging.captureWarnings(True)
    threading.excepthook = lambda args: logging.getLogger("demo").error(
        "".join(traceback.format_exception(args.exc_type, args.exc_value, args.exc_traceback))
    )


def _in_one_line(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())


if __name__ == "__main__":
    sys.exit(main())
