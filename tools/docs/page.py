"""Runs the commands of one page; prints a JSON object with what came of it."""

import contextlib
import json
import os
import pathlib
import sys
import tempfile

import blocks
import shown
from shell import Shell

_ROOT = pathlib.Path(__file__).resolve().parents[2]
_EACH = 180
#: Whoever used the lab before may have left it full.
_EMPTY = (
    "openstack server list --all-projects -f value -c ID | "
    "xargs -r openstack server delete --all-projects --wait"
)
#: Everywhere in the manual: the service, Keystone.
_EVERYWHERE = {
    "http://controller:12347": "$FENIX",
    "http://controller:5000/v3": "$KEYSTONE",
}


class Page:
    """One page in a shell of its own."""

    def __init__(self, path, on_lab):
        self._path = path
        self._on_lab = on_lab
        self._blocks = blocks.read(path.read_text())
        self._replaced = dict(_EVERYWHERE)
        self.passed, self.failed, self.not_run = [], [], []

    def needs_a_stage(self):
        """Whether any command is run here."""
        return any(b.commands and self._why_not(b) is None for b in self._blocks)

    def _why_not(self, block):
        if block.not_run:
            return block.not_run
        if block.lab != self._on_lab:
            return "on the real OpenStack, by tools/test openstack" if block.lab else "done already"
        return None

    def run(self, shell):
        """Every block in order."""
        for block in self._blocks:
            why = self._why_not(block)
            if why is not None:
                self.not_run += [(self._at(c), why) for c in block.commands]
                continue
            if not self._prepare(block, shell):
                return
            for command in block.commands:
                last = command is block.commands[-1]
                self._do(command, block, shell, block.exit_code if last else 0)

    def skip(self):
        """None of them."""
        for block in self._blocks:
            self.not_run += [(self._at(c), self._why_not(block)) for c in block.commands]

    def _at(self, command):
        first = command.text.splitlines()[0]
        return f"{self._path.relative_to(_ROOT)}:{command.line}: {first}"

    def _prepare(self, block, shell):
        for kind, words in block.steps:
            if kind == "replace":
                words, value = words
                code, out = shell.run(f'echo "{self._actual(value)}"', _EACH)
                self._replaced[words] = out.strip()
            else:
                code, out = shell.run(self._actual(words), _EACH)
            if code != 0:
                where = f"{self._path.relative_to(_ROOT)}:{block.line}: before it: {words}"
                self.failed.append((where, f"exit code {code}\n{out}"))
                return False
        return True

    def _actual(self, text):
        for word in sorted(self._replaced, key=len, reverse=True):
            text = text.replace(word, self._replaced[word])
        return text

    def _do(self, command, block, shell, wanted):
        text = self._actual(command.text)
        if block.background:
            code, out = shell.start(text)
        else:
            code, out = shell.run(text, _EACH)
        wrong = None
        if code != wanted:
            what = f"did not end in {_EACH} s" if code is None else f"exit code {code}"
            wrong = f"{what}, not {wanted}: {text}\n{out}"
        elif block.compared and not block.background:
            line = shown.missing(command.shown, out)
            if line is not None:
                wrong = f"the page shows {line!r}; what comes is\n{out}"
        if wrong is None:
            self.passed.append(self._at(command))
        else:
            self.failed.append((self._at(command), wrong))


def main():
    """``page.py PATH [--lab]``."""
    path, on_lab = pathlib.Path(sys.argv[1]).resolve(), "--lab" in sys.argv[2:]
    page = Page(path, on_lab)
    with tempfile.TemporaryDirectory(prefix="fenix-docs-") as folder, contextlib.ExitStack() as end:
        if not page.needs_a_stage():
            page.skip()
        else:
            environment = _environment(folder)
            if not on_lab:
                from stage import Stage

                (pathlib.Path(folder) / "stage").mkdir()
                stage = end.enter_context(Stage(pathlib.Path(folder) / "stage"))
                environment.update(stage.environment)
                # Where an administrator's own fenix.conf may be.
                (pathlib.Path(folder) / ".fenix").symlink_to(pathlib.Path(folder) / "stage")
            shell = Shell(_checkout(folder), environment)
            end.callback(shell.stop)
            if on_lab:
                shell.run(_EMPTY, _EACH)
            page.run(shell)
    print(json.dumps({"passed": page.passed, "failed": page.failed, "not_run": page.not_run}))


def _environment(folder):
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("OS_", "FENIX_"))}
    if "LAB" in os.environ:
        kept |= {k: v for k, v in os.environ.items() if k.startswith(("OS_", "LAB"))}
    path = f"{pathlib.Path(sys.executable).parent}:{kept['PATH']}"
    return {**kept, "PATH": path, "HOME": folder, "COLUMNS": "100", "ROOT": str(_ROOT)}


def _checkout(folder):
    """A folder that looks like the checkout, into which commands may write."""
    made = pathlib.Path(folder) / "fenix"
    made.mkdir()
    for name in ("doc", "tools", "etc", "fenix", "releasenotes", ".stestr.conf"):
        if (_ROOT / name).exists():
            (made / name).symlink_to(_ROOT / name)
    return made


if __name__ == "__main__":
    main()
