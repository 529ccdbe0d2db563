"""One web process of the benchmark: the screens on a port of this machine alone, until the process is ended.

Started as `python -m benchmarks.serving`, with the store's address and the secret in its environment; says its port.
"""

from __future__ import annotations

import os
import sys

from waitress.server import create_server

from engine import store
from engine.city import City
from web import create_app

ADDRESS, SECRET = "BANSOU_BENCH_STORE", "BANSOU_BENCH_SECRET"
THREADS = 4


def main() -> None:
    city = City(store.connect(os.environ[ADDRESS]))
    app = create_app({"CITY": city, "SECRET_KEY": os.environ[SECRET], "SESSION_COOKIE_SECURE": False})
    server = create_server(app, host="127.0.0.1", port=0, threads=THREADS, ident=None)
    print(server.effective_port, flush=True)
    server.run()


if __name__ == "__main__":
    sys.exit(main())
