"""One web process of the benchmark: the screens on a port of this machine alone, until the process is ended.

Started as `python -m benchmarks.serving`; is told the store's address and the secret as one line of JSON, and says its port.
"""

from __future__ import annotations

import json
import logging
import sys

from waitress.server import create_server

from engine import store
from engine.city import City
from web import create_app

THREADS = 4


def main() -> None:
    logging.getLogger("waitress").setLevel(logging.ERROR)
    told = json.loads(sys.stdin.readline())
    city = City(store.connect(told["store"]))
    app = create_app({"CITY": city, "SECRET_KEY": told["secret"], "SESSION_COOKIE_SECURE": False})
    server = create_server(app, host="127.0.0.1", port=0, threads=THREADS, ident=None)
    print(server.effective_port, flush=True)
    server.run()


if __name__ == "__main__":
    sys.exit(main())
