"""``fenix-api``: serve the API."""

from __future__ import annotations

import sys

from fenix import concurrency


def main() -> None:
    """Run until SIGTERM; what makes a start impossible is said in one line, exit status 1."""
    concurrency.setup()
    # Only now: eventlet, where it is chosen, has to patch before anything is imported.
    from fenix.api import service

    sys.exit(service.run(sys.argv[1:]))


if __name__ == "__main__":
    main()
