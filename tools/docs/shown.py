"""Whether what a page shows is what comes, but for ids, numbers and times."""

import re

_VARIES = (
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"), "ID"),
    (re.compile(r"\b[0-9a-f]{32}\b"), "ID"),
    (re.compile(r"\b(?=[0-9a-f]*\d)[0-9a-f]{8}\b"), "ID"),
    (re.compile(r"https?://[\w.]+:\d+"), "URL"),
    (re.compile(r"\d+(\.\d+)*"), "N"),
    (re.compile(r"[-+|=\s]+"), " "),
)
#: A line that stands for any others.
REST = "..."


def plain(line):
    """A line with everything out of it that is another one each time."""
    for pattern, instead in _VARIES:
        line = pattern.sub(instead, line)
    return line.strip()


def missing(shown, output):
    """The first line of ``shown`` that ``output`` does not have, or None."""
    there = {plain(line) for line in output.splitlines()}
    for line in shown:
        if line.strip() != REST and plain(line) not in there:
            return line
    return None
