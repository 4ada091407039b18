"""Executes every command of the manual: ``python tools/docs [--lab] [PAGE...]``.

Each page has a shell, a folder and an emulated cloud with Fenix of its own; with ``--lab`` the
blocks are run that need the real OpenStack of tools/openstack-lab. What is not run is listed with
its reason. blocks.py tells how a page says what it needs. The last line is "N passed, N failed".
"""

import collections
import concurrent.futures
import json
import pathlib
import subprocess
import sys

_HERE = pathlib.Path(__file__).resolve().parent
_ROOT = _HERE.parents[1]
#: Pages; on the lab, which is one for all, one after the other.
_AT_ONCE = 2


def pages():
    """Every page of the manual, the README and the guide for contributors."""
    found = [_ROOT / "README.rst", _ROOT / "CONTRIBUTING.rst"]
    return found + sorted((_ROOT / "doc" / "source").rglob("*.rst"))


def run(path, options):
    """What came of a page."""
    command = [sys.executable, str(_HERE / "page.py"), str(path), *options]
    done = subprocess.run(command, capture_output=True, text=True, cwd=_ROOT, check=False)
    try:
        return json.loads(done.stdout.splitlines()[-1])
    except (IndexError, ValueError):
        said = f"exit code {done.returncode}\n{done.stdout}{done.stderr}"
        return {"passed": [], "failed": [[str(path.relative_to(_ROOT)), said]], "not_run": []}


def main(argv):
    """Runs all pages, or those that are named."""
    options = [a for a in argv if a == "--lab"]
    chosen = [pathlib.Path(a).resolve() for a in argv if a not in options] or pages()
    missing = [str(p) for p in chosen if not p.is_file()]
    if missing:
        print(f"there is no page {', '.join(missing)}; name files, such as doc/source/cli.rst")
        return 2
    passed, failed, reasons = 0, 0, collections.defaultdict(list)
    with concurrent.futures.ThreadPoolExecutor(1 if options else _AT_ONCE) as pool:
        for path, result in zip(chosen, pool.map(lambda p: run(p, options), chosen), strict=True):
            passed, failed = passed + len(result["passed"]), failed + len(result["failed"])
            for where, wrong in result["failed"]:
                print(f"FAIL {where}\n     {wrong}")
            for where, why in result["not_run"]:
                reasons[why].append(where)
            if result["passed"]:
                print(f"{path.relative_to(_ROOT)}: {len(result['passed'])} commands", flush=True)
    for why, where in sorted(reasons.items()):
        print(f"not run: {len(where)} ({why})")
        if not options:
            for one in where:
                print(f"    {one}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
