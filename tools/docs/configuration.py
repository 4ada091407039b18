"""Prints the fenix.conf that a page shows, with the addresses of the lab in place of its own."""

import os
import pathlib
import re
import sys

_BLOCK = re.compile(r"^\.\. code-block:: ini\n\n((?:   .*\n|\n)+)", re.M)


def main():
    """``configuration.py PAGE``: the block that has a section ``[database]``."""
    text = pathlib.Path(sys.argv[1]).read_text()
    (block,) = [b for b in _BLOCK.findall(text) if "[database]" in b]
    env = os.environ
    for word, instead in (
        ("rabbit://fenix:RABBIT_PASS@controller:5672/", env["LAB_TRANSPORT_URL"]),
        ("@controller/fenix", f"@127.0.0.1:{env['LAB_PORT_MYSQL']}/fenix"),
        ("host = 0.0.0.0", f"host = 127.0.0.1\n   port = {env['LAB_PORT_FENIX']}"),
        ("http://controller:12347", f"http://127.0.0.1:{env['LAB_PORT_FENIX']}"),
        ("http://controller:5000/v3", env["OS_AUTH_URL"]),
        ("controller:11211", f"127.0.0.1:{env['LAB_PORT_MEMCACHED']}"),
        ("password = FENIX_PASS", f"password = {env['LAB_PASSWORD']}"),
    ):
        if word not in block:
            sys.exit(f"{sys.argv[1]} shows no {word!r} in its fenix.conf")
        block = block.replace(word, instead)
    print("\n".join(line.removeprefix("   ") for line in block.splitlines()))


if __name__ == "__main__":
    main()
