"""The tests; on threading unless FENIX_CONCURRENCY says otherwise."""

from fenix import concurrency

concurrency.setup()
