"""``fenix-emulator``: see the page "Trying out a manager" of the manual."""

from __future__ import annotations

import json
import logging
import pathlib
import shutil
import signal
import socket
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from typing import Any

from fenix.cmd.emulator import options

NO_MANAGER = 3
INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Play a scenario; :returns: the exit status."""
    asked = options.parse(argv)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="fenix-emulator-"))
    _log_to(folder / "emulator.log")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    keep = False
    try:
        return _run(asked, folder)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED
    except Exception as error:
        keep = True
        logging.getLogger(options.PROGRAM).exception("The scenario could not be played")
        _complain(" ".join(f"{type(error).__name__}: {error}".split()))
        print(f"the log is {folder / 'emulator.log'}", file=sys.stderr)
        return NO_MANAGER
    finally:
        logging.shutdown()
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)


def _run(asked: Any, folder: pathlib.Path) -> int:
    from fenix import concurrency

    concurrency.setup()
    # Only now: the backend has to be chosen before anything else is imported.
    from fenix.cmd.emulator import manager, scenario

    try:
        if asked.list:
            for name in scenario.names():
                print(f"{name:20} {scenario.load(name).title}")
            return 0
        chosen = scenario.load(asked.scenario)
    except scenario.ScenarioError as error:
        _complain(f"--scenario: {error}")
        return options.BAD_OPTION
    if not _is_free(asked.port):
        _complain(f"--port: {asked.port} is taken; name a free one")
        return options.BAD_OPTION
    try:
        checks = _play(asked, chosen, folder)
    except manager.ManagerError as error:
        _complain(str(error))
        return NO_MANAGER
    failed = [check for check in checks if not check.passed]
    if asked.json:
        print(
            json.dumps(
                {
                    "scenario": chosen.name,
                    "passed": not failed,
                    "checks": [check.as_dict() for check in checks],
                }
            )
        )
    else:
        print()
        for check in checks:
            print(f"{'ok  ' if check.passed else 'FAIL'}  {check.what}")
            if check.wrong:
                print(f"      {check.wrong}")
        print(f"{chosen.name}: {'the manager fails' if failed else 'passed'}")
    return 1 if failed else 0


def _play(asked: Any, chosen: Any, folder: pathlib.Path) -> Any:
    from fenix.cmd.emulator.manager import Manager, listens
    from fenix.cmd.emulator.play import Play
    from fenix.cmd.emulator.stage import Stage

    say = _teller(sys.stderr if asked.json else sys.stdout)
    with Stage(chosen, folder, asked.port, say) as stage:
        clouds = folder / "clouds.yaml"
        stage.write_clouds(clouds)
        if asked.clouds_file:
            try:
                shutil.copyfile(clouds, asked.clouds_file)
            except OSError as error:
                _complain(
                    f"--clouds-file: {asked.clouds_file}: {error.strerror}; name another file"
                )
                raise SystemExit(options.BAD_OPTION) from None
        say(f"cloud  {chosen.title}")
        environment = stage.environment()
        if not asked.command:
            say(f"cloud  {' '.join(f'{k}={v}' for k, v in environment.items())}")
        with Manager(asked.command, {**environment, "OS_CLIENT_CONFIG_FILE": str(clouds)}) as tried:
            if asked.manager_url:
                what = f"webhook at {asked.manager_url}"
                tried.wait(lambda: listens(asked.manager_url), asked.manager_within, what)
                stage.subscribe(asked.manager_url)
            else:
                what = f"event alarm of project {stage.project.name} (there is no --manager-url)"
                tried.wait(stage.has_alarm, asked.manager_within, what)
            return Play(chosen, stage, say).run()


def _teller(out: Any) -> Callable[[str], None]:
    begun = time.monotonic()
    lock = threading.Lock()

    def say(line: str) -> None:
        with lock:
            print(f"{time.monotonic() - begun:6.1f}  {line}", file=out, flush=True)

    return say


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _complain(text: str) -> None:
    print(f"{options.PROGRAM}: {text}", file=sys.stderr)


def _log_to(path: pathlib.Path) -> None:
    logging.basicConfig(
        filename=path,
        level=logging.INFO,
        format="%(asctime)s %(levelname)s %(threadName)s %(name)s: %(message)s",
        force=True,
    )
    logging.captureWarnings(True)
    threading.excepthook = lambda args: logging.getLogger(options.PROGRAM).error(
        "".join(traceback.format_exception(args.exc_type, args.exc_value, args.exc_traceback))
    )


if __name__ == "__main__":
    sys.exit(main())
