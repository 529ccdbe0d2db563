"""The embedded worker: one thread inside ``bansou run`` that carries out due timers and outbox rows. It decides nothing."""

import logging
import threading

from engine import outbox
from engine.city import City

log = logging.getLogger("bansou.worker")

PAUSE = 1.0  # seconds between two rounds when nothing is due


class Worker:
    """Start it, and stop it before the store is closed."""

    def __init__(self, city: City, pause: float = PAUSE) -> None:
        self._city, self._pause = city, pause
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="bansou-worker", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join(timeout=30)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                done = outbox.work(self._city)
            except Exception:
                log.exception("the worker's round failed; it goes on")
                done = 0
            if not done:
                self._stopping.wait(self._pause)
