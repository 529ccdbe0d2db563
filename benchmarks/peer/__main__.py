"""Carries the visits of a database through Viewflow: `python benchmarks/peer DATABASE`, in an environment that has it.

Each line that comes in is an answer as JSON; for each a line goes out, the seconds that completing the task took. An empty line
ends it, and is answered by how many tasks were done. It must not be imported by anything of ours.
"""

import json
import sys
import time

import django
from django.conf import settings
from django.core.management import call_command

PRAGMAS = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON"  # those of engine/store.py


def main(database):
    """Until an empty line comes."""
    options = {"transaction_mode": "IMMEDIATE", "init_command": PRAGMAS}
    settings.configure(
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "viewflow", "viewflow.workflow", "visits"], USE_TZ=True,
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": database, "OPTIONS": options, "CONN_MAX_AGE": None}},
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField", DEBUG=False,
    )  # fmt: skip
    django.setup()
    call_command("migrate", verbosity=0)
    from django.contrib.auth.models import User
    from visits.flows import complete, completed, opened  # models exist only now

    person, process = User.objects.create(username="harukaze"), opened()
    for line in sys.stdin:
        if not line.strip():
            break
        answer = json.loads(line)
        began = time.perf_counter()
        complete(process, answer, person)
        print(time.perf_counter() - began, flush=True)
    print(completed(process), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
