"""serve.py PORT THREADS MODULE: serves the WSGI application MODULE.application on 127.0.0.1."""

import importlib
import signal
import sys

from cheroot import wsgi


def serve(port, threads, module):
    """Blocks until a signal ends the process."""
    application = importlib.import_module(module).application
    server = wsgi.Server(
        ("127.0.0.1", port), application, numthreads=threads, request_queue_size=128
    )
    server.shutdown_timeout = 2
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        server.safe_start()
    finally:
        server.stop()


if __name__ == "__main__":
    words = sys.argv[1:]
    del sys.argv[1:]  # some applications read the command line
    serve(int(words[0]), int(words[1]), words[2])
