"""The log: oslo.log, where one thing that is said is one line, whoever chose its words."""

from __future__ import annotations

import collections
import logging
import re

from oslo_config import cfg
from oslo_log import formatters, log

#: What would begin a line of its own, move the cursor, or turn the direction of writing.
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")


#: User and password in a URL.
_USERINFO = re.compile(r"(?<=://)[^/\s@]+@")


class OneLine(logging.Filter):
    """Write control characters as escapes: names and messages of the cloud may have some.

    Libraries show the URLs that they call; a user and a password in one are left out.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass."""
        text = record.getMessage()
        shown = without_userinfo(_UNPRINTABLE.sub(_escaped, text))
        if shown != text:
            record.msg, record.args = shown, None
        return True


class Lines(logging.Formatter):
    """Begins each line of a traceback as the others.

    oslo.log puts ``logging_exception_prefix`` before lines, but leaves those out that an error's
    own words make.
    """

    def __init__(self, inner: logging.Formatter, prefix: str) -> None:
        super().__init__()
        self._inner = inner
        self._prefix = prefix

    def format(self, record: logging.LogRecord) -> str:
        """What the formatter of oslo.log makes of it."""
        first, *rest = without_userinfo(self._inner.format(record)).split("\n")
        if not rest:
            return first
        prefix = self._prefix % collections.defaultdict(lambda: "-", vars(record))
        whole = (line if line.startswith(prefix) else prefix + line for line in rest)
        return "\n".join(_UNPRINTABLE.sub(_escaped, line) for line in (first, *whole))


def _escaped(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode()


def without_userinfo(text: str) -> str:
    """A text in which no URL has a user or a password."""
    return _USERINFO.sub("***@", text) if "@" in text else text


def setup(conf: cfg.ConfigOpts) -> None:
    """Begin to log as ``conf`` says."""
    log.setup(conf, "fenix")
    for handler in logging.getLogger().handlers:
        handler.addFilter(OneLine())
        if isinstance(handler.formatter, formatters.ContextFormatter):
            handler.setFormatter(Lines(handler.formatter, conf.logging_exception_prefix))
