"""``fenix-engine`` that counts the statements it sends to the database.

The count is eight bytes in the file that ``FENIX_BENCH_COUNT`` names: it can be read at any time,
and is the same for the process that forks and the one that works.
"""

import mmap
import os
import struct
import threading

import sqlalchemy as sa

from fenix.cmd import engine

COUNT = "FENIX_BENCH_COUNT"
_FORM = struct.Struct("=Q")


def made(path):
    """Make the file of a count."""
    path.write_bytes(_FORM.pack(0))


def read(path):
    """The count so far."""
    return _FORM.unpack(path.read_bytes())[0]


def _count(path):
    with open(path, "r+b") as file:
        shared = mmap.mmap(file.fileno(), _FORM.size)
    lock = threading.Lock()

    @sa.event.listens_for(sa.Engine, "after_cursor_execute")
    def after(connection, cursor, statement, parameters, context, executemany):
        # The driver sends one statement for the rows of an INSERT, and one a row for all others.
        single = not executemany or statement.lstrip()[:6].upper() == "INSERT"
        with lock:
            (so_far,) = _FORM.unpack_from(shared)
            _FORM.pack_into(shared, 0, so_far + (1 if single else len(parameters)))


if __name__ == "__main__":
    _count(os.environ[COUNT])
    engine.main()
