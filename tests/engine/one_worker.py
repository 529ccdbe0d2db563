"""A worker in a process of its own, for tests that kill it: address of the database and the moment it takes for now."""

import sys
from datetime import datetime

from engine import outbox, store
from engine.city import City
from engine.rehearsal import Clock

if __name__ == "__main__":
    print("ready", flush=True)
    outbox.work_all(City(store.connect(sys.argv[1]), Clock(datetime.fromisoformat(sys.argv[2]))))
