"""The commands of a page, with what the page says about running them.

Commands stand in ``code-block:: console`` after ``$`` or ``#`` (root), or as a whole in
``code-block:: bash``. Comments before a block, invisible in the manual, say how it is run:

``.. docs: not run: REASON``         it is not, for this reason
``.. docs: lab``                     on the real OpenStack of tools/openstack-lab
``.. docs: before: COMMAND``         first run this, which readers need not see
``.. docs: replace WORD = WORDS``    from here on, in all commands; the shell expands WORDS once
``.. docs: exit N``                  the exit code of the block's last command, instead of 0
``.. docs: background``              the commands do not end: they run until the page ends
``.. docs: output differs: REASON``  what is shown is not compared with what comes
"""

import dataclasses
import re
import subprocess

_BLOCK = re.compile(r"^(?P<indent> *)\.\. code-block:: (?P<kind>\w+)$")
_KINDS = ("console", "bash")
_SAID = re.compile(r"^ *\.\. docs: (?P<words>.*)$")
_PROMPT = re.compile(r"^[$#] ")
_UNFINISHED = re.compile(r"unexpected (end of file|EOF)|here-document")


class PageError(Exception):
    """A page says something about a block that is not understood."""


@dataclasses.dataclass
class Command:
    """A command, and the lines that are shown below it."""

    line: int
    text: str
    shown: list = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class Block:
    """A block of commands.

    ``not_run``: why it is not run, or None. ``steps``: what to do first, pairs of ``before`` or
    ``replace`` and words.
    """

    line: int
    commands: list = dataclasses.field(default_factory=list)
    not_run: str | None = None
    lab: bool = False
    background: bool = False
    compared: bool = True
    exit_code: int = 0
    steps: list = dataclasses.field(default_factory=list)

    def say(self, words):
        """Takes one comment."""
        name, _, value = words.partition(": ")
        head, _, rest = words.partition(" ")
        if name == "not run" and value:
            self.not_run = value
        elif words == "lab":
            self.lab = True
        elif words == "background":
            self.background = True
        elif name == "output differs" and value:
            self.compared = False
        elif head == "exit" and rest.isdigit():
            self.exit_code = int(rest)
        elif name == "before" and value:
            self.steps.append(("before", value))
        elif head == "replace" and " = " in rest:
            self.steps.append(("replace", tuple(rest.split(" = ", 1))))
        else:
            raise PageError(f"'.. docs: {words}' is not one of those that tools/docs knows")


def read(text):
    """The blocks of a page, in order."""
    lines, found, said = text.splitlines(), [], []
    number = 0
    while number < len(lines):
        line = lines[number]
        if comment := _SAID.match(line):
            said.append(comment["words"])
        elif start := _BLOCK.match(line):
            body, number = _body(lines, number + 1, len(start["indent"]))
            if start["kind"] not in _KINDS:
                continue
            block = Block(body[0][0] if body else number)
            for words in said:
                block.say(words)
            said = []
            block.commands = _whole(body) if start["kind"] == "bash" else _commands(body)
            found.append(block)
            continue
        number += 1
    if said:
        raise PageError(f"'.. docs: {said[0]}' stands before no block")
    return found


def _body(lines, number, indent):
    """Pairs of line number and text of a block; and the number of the line after it."""
    body = []
    while number < len(lines):
        line = lines[number]
        if line.strip() and len(line) - len(line.lstrip()) <= indent:
            break
        if not re.match(r"^ *:\w+:", line):
            body.append((number + 1, line))
        number += 1
    while body and not body[0][1].strip():
        body.pop(0)
    while body and not body[-1][1].strip():
        body.pop()
    deep = min((len(t) - len(t.lstrip()) for _, t in body if t.strip()), default=0)
    return [(n, t[deep:]) for n, t in body], number


def _whole(body):
    return [Command(body[0][0], "\n".join(text for _, text in body))]


def _commands(body):
    found = []
    for number, text in body:
        if found and not found[-1].shown and _goes_on(found[-1].text):
            found[-1].text += f"\n{text}"
        elif _PROMPT.match(text):
            found.append(Command(number, text[2:]))
        elif found:
            found[-1].shown.append(text)
    return found


def _goes_on(text):
    if text.endswith("\\"):
        return True
    done = subprocess.run(["bash", "-n"], input=text, capture_output=True, text=True, check=False)
    return bool(_UNFINISHED.search(done.stderr))
