"""Work that waits: timers and messages are carried out under a lease, once, whoever is killed; what fails can be seen."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from engine import incidents, outbox, store, stream
from engine.city import By, City
from engine.kernel import state as states
from engine.rehearsal import Clock
from engine.worker import Worker

if TYPE_CHECKING:
    from small_town import SmallTown

pytest_plugins = ("small_town",)


@pytest.fixture
def town(small_town: SmallTown) -> SmallTown:
    return small_town

ROOT = Path(__file__).parents[2]


def waiting(town: SmallTown, count: int) -> list[int]:
    """So many cases that wait for an hour; gives them."""
    return [town.opens("waiting").case for _ in range(count)]


def fired(town: SmallTown) -> Counter[int]:
    return Counter(each.case for each in town.rows(store.event, store.event.c.kind == "TimerFired"))


def undone(town: SmallTown) -> list[Any]:
    return town.rows(store.outbox, store.outbox.c.done_at.is_(None))


def holds(town: SmallTown) -> None:
    with town.city.store.reading() as c:
        for case in town.rows(store.case):
            assert stream.verify(c, case.id) == []


# -- timers ------------------------------------------------------------------------------------------------------------
def test_a_timer_is_carried_out_when_its_moment_has_come_and_once(town: SmallTown) -> None:
    (case,) = waiting(town, 1)
    assert town.rows(store.timer)[0].due_at == town.clock.moment + timedelta(hours=1)
    town.passes(minutes=59)
    assert outbox.work(town.city) == 0 and town.names() == []
    town.passes(minutes=1)
    assert outbox.work_all(town.city) == 1 and town.names() == ["after"]
    assert outbox.work_all(town.city) == 0 and fired(town) == {case: 1}
    assert town.rows(store.timer) == []


def test_a_leased_timer_is_left_to_its_worker_until_the_lease_ends(town: SmallTown) -> None:
    waiting(town, 1)
    town.passes(hours=1)
    (row,) = outbox._claim(town.city, store.timer, 50, sa.true())  # a worker that dies right here
    assert row.leased_until == town.clock.moment + outbox.LEASE
    assert outbox.work_all(town.city) == 0 and town.names() == []
    town.clock.moment = row.leased_until + timedelta(seconds=1)
    assert outbox.work_all(town.city) == 1 and town.names() == ["after"]


def test_a_worker_that_was_thought_dead_does_nothing_twice(town: SmallTown) -> None:
    (case,) = waiting(town, 1)
    town.passes(hours=1)
    (row,) = outbox._claim(town.city, store.timer, 50, sa.true())
    town.passes(minutes=5)
    outbox.work_all(town.city)
    outbox._try_timer(town.city, row)  # the first one wakes up and goes on
    assert fired(town) == {case: 1} and town.names() == ["after"]
    holds(town)


def test_two_workers_carry_out_everything_once(town: SmallTown) -> None:
    made = waiting(town, 24)
    town.opens("asking")
    town.passes(hours=1)
    threads = [threading.Thread(target=outbox.work_all, args=(town.city,)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert fired(town) == dict.fromkeys(made, 1)
    assert town.names() == [*["after"] * 24, "busy", "think"]
    assert undone(town) == [] and town.rows(store.timer) == []
    holds(town)


def test_the_embedded_worker_goes_on_until_it_is_stopped(town: SmallTown) -> None:
    waiting(town, 3)
    town.passes(hours=1)
    worker = Worker(town.city, pause=0.01)
    worker.start()
    until = time.monotonic() + 60
    while town.names() != ["after"] * 3 and time.monotonic() < until:
        pass
    waiting(town, 1)
    town.passes(hours=1)
    while town.names() != ["after"] * 4 and time.monotonic() < until:
        pass
    worker.stop()
    assert town.names() == ["after"] * 4
    assert not [each for each in threading.enumerate() if each.name == "bansou-worker" and each.is_alive()]


# -- killed ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("after", [1, 6])
def test_a_worker_killed_in_the_middle_loses_nothing_and_doubles_nothing(town: SmallTown, database_url: str, after: int) -> None:
    made = waiting(town, 16)
    asking = [town.opens("asking").case for _ in range(4)]
    town.passes(hours=1)
    kill_when(town, database_url, lambda: sum(fired(town).values()) >= after)
    done = fired(town)
    assert set(done.values()) == {1} and len(done) < 16
    town.passes(minutes=2)
    outbox.work_all(town.city)
    assert fired(town) == dict.fromkeys(made, 1)
    assert town.names() == [*["after"] * 16, *["busy"] * 4, *["think"] * 4]
    assert Counter(each.case for each in town.rows(store.instance, store.instance.c.process == "helping")) == dict.fromkeys(asking, 1)
    assert undone(town) == [] and town.rows(store.timer) == []
    holds(town)


def test_a_worker_killed_while_it_carries_messages_starts_nothing_twice(town: SmallTown, database_url: str) -> None:
    asking = [town.opens("asking").case for _ in range(14)]
    helping = store.instance.c.process == "helping"
    kill_when(town, database_url, lambda: len(town.rows(store.instance, helping)) >= 3)
    assert len(town.rows(store.instance, helping)) < 14
    town.passes(minutes=2)
    outbox.work_all(town.city)
    assert Counter(each.case for each in town.rows(store.instance, helping)) == dict.fromkeys(asking, 1)
    assert Counter(town.messages()) == {("question", "delivered"): 14, ("notice", "dropped"): 14}
    holds(town)


def kill_when(town: SmallTown, url: str, reached: Any) -> None:
    """A worker in a process of its own, killed without warning as soon as it got so far."""
    command = [sys.executable, str(Path(__file__).with_name("one_worker.py")), url, town.clock.moment.isoformat()]
    worker = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, text=True)
    assert worker.stdout is not None and worker.stdout.readline() == "ready\n"
    until = time.monotonic() + 60
    while not reached() and worker.poll() is None and time.monotonic() < until:
        pass
    worker.kill()
    worker.wait()
    worker.stdout.close()
    assert worker.returncode == -9, "the worker was done before it was killed"


# -- failing -----------------------------------------------------------------------------------------------------------
def strange_work(town: SmallTown) -> None:
    """Work that this version cannot do, as a newer one may have left it."""
    case = town.opens("elsewhere").case
    values = {"key": "strange", "kind": "telegram", "case": case, "body": {"name": "架空"}, "due_at": town.clock.moment, "tries": 0}
    with town.city.store.transaction() as c:
        c.execute(sa.insert(store.outbox).values(**values))


def test_failing_work_is_tried_again_later_and_later_and_then_shown(town: SmallTown) -> None:
    strange_work(town)
    waits = []
    for tries in range(1, outbox.TRIES + 1):
        assert outbox.work(town.city) == 1
        (row,) = undone(town)
        assert row.tries == tries and "telegram" in row.error and row.leased_until is None
        waits.append((row.due_at - town.clock.moment).total_seconds())
        assert outbox.work(town.city) == 0
        town.clock.moment = row.due_at
    assert waits == [5, 30, 120, 600, 3600, 3600, 3600, 3600]
    assert outbox.work(town.city) == 0
    with town.city.store.reading() as c:
        (dead,) = incidents.dead_work(town.city, c)
    assert (dead.kind, dead.step) == ("telegram", "架空") and "telegram" in dead.error


def test_failing_work_does_not_stop_other_work(town: SmallTown) -> None:
    strange_work(town)
    waiting(town, 2)
    town.opens("asking")
    town.passes(hours=1)
    outbox.work_all(town.city)
    assert town.names() == ["after", "after", "busy", "think"]
    assert [each.kind for each in undone(town)] == ["telegram"]


def test_a_failing_timer_keeps_its_moment_is_shown_and_succeeds_once_repaired(town: SmallTown) -> None:
    waiting(town, 1)
    (timer,) = town.rows(store.timer)
    town.passes(hours=1)
    blind = City(town.city.store, town.clock)
    change(town, sa.update(store.instance).values(state=b"{"))
    for tries in range(1, outbox.TRIES + 1):
        assert outbox.work(blind) == 1
        (row,) = town.rows(store.timer)
        assert (row.tries, row.due_at) == (tries, timer.due_at) and row.error
        town.passes(hours=2)
    assert outbox.work(blind) == 0
    with town.city.store.reading() as c:
        (dead,) = incidents.dead_work(town.city, c)
    assert dead.kind == "timer" and dead.key == f"timer:{timer.id}"
    repaired = states.dump(whole_state(timer))
    change(town, sa.update(store.instance).values(state=repaired))
    assert incidents.work_again(town.city, [dead.key], By(administrator=True)) == 1
    assert town.names() == ["after"] and town.rows(store.timer) == []


def whole_state(timer: Any) -> states.State:
    token = states.Token(timer.id, timer.element, since=timer.armed_at, due=timer.due_at)
    return states.State("waiting", timer.instance, int(timer.id.split("-")[1]), "open", (token,))


def change(town: SmallTown, statement: Any) -> None:
    with town.city.store.transaction() as c:
        c.execute(statement)


# -- messages ----------------------------------------------------------------------------------------------------------
def test_a_message_starts_its_process_and_an_optional_one_for_nobody_is_dropped_and_noted(town: SmallTown) -> None:
    case = town.opens("asking").case
    outbox.work_all(town.city)
    assert town.messages() == [("question", "delivered"), ("notice", "dropped")]
    assert town.kinds(case).count("MessageDropped") == 1
    assert town.names() == ["busy", "think"]


def test_a_message_is_kept_while_its_receiver_is_busy_and_arrives_when_it_waits(town: SmallTown) -> None:
    case = town.opens("asking").case
    outbox.work_all(town.city)
    town.completes("think")
    assert town.messages()[-1] == ("reply", "kept") and town.names() == ["busy"]
    town.passes(days=400)
    outbox.work_all(town.city)
    assert town.messages()[-1] == ("reply", "kept"), "it is kept without end while somebody may still wait for it"
    town.completes("busy")
    assert town.messages()[-1] == ("reply", "delivered") and town.names() == ["after"]
    assert town.kinds(case).count("MessageKept") == 1 and undone(town) == []


def test_a_message_for_who_waits_already_arrives_at_once(town: SmallTown) -> None:
    town.opens("asking")
    outbox.work_all(town.city)
    town.completes("busy")
    assert town.names() == ["think"]
    town.completes("think")
    assert town.messages()[-1] == ("reply", "delivered") and town.names() == ["after"]


def test_a_message_whose_asker_has_left_is_shown_as_undelivered(town: SmallTown) -> None:
    case = town.opens("asking").case
    outbox.work_all(town.city)
    town.completes("busy", "leave")
    town.completes("think")
    assert town.messages()[-1] == ("reply", "undelivered") and town.kinds(case).count("MessageUndelivered") == 1
    with town.city.store.reading() as c:
        (shown,) = incidents.undelivered(town.city, c)
    assert shown.case == case and shown.step == "tell"


def test_a_kept_message_is_shown_as_undelivered_when_its_receiver_ends_without_it(town: SmallTown) -> None:
    case = town.opens("asking").case
    outbox.work_all(town.city)
    town.completes("think")
    assert town.messages()[-1] == ("reply", "kept")
    town.completes("busy", "leave")
    assert town.messages()[-1] == ("reply", "undelivered") and town.kinds(case).count("MessageUndelivered") == 1


def test_a_case_shows_what_was_reached_last_once_nothing_is_open_whoever_ends_last(town: SmallTown) -> None:
    case = town.opens("asking").case
    outbox.work_all(town.city)
    town.completes("think")
    assert [each.phase_case for each in town.rows(store.case)] == ["asking"], "who asked is still at work"
    town.completes("busy", "leave")
    (row,) = town.rows(store.case, store.case.c.id == case)
    assert (row.phase_case, row.closed_at is not None) == ("answered", True)


def test_a_reply_goes_to_the_instance_that_asked_though_another_waits_for_the_same(town: SmallTown) -> None:
    town.opens("asking")
    outbox.work_all(town.city)
    town.completes("busy")  # the first asker waits for a reply
    town.completes("think", "ask")  # the second asks further, and waits for a reply too
    assert town.names() == ["advise"]
    assert [each.name for each in town.rows(store.subscription)] == ["reply", "reply"]
    town.completes("advise")
    assert town.names() == ["conclude"], "the reply reached who asked for it"
    town.completes("conclude")
    assert town.names() == ["after"]
    assert [each.status for each in town.rows(store.message, store.message.c.name == "reply")] == ["delivered", "delivered"]


def test_messages_kept_for_two_instances_each_reach_their_own(town: SmallTown) -> None:
    """The reply to the first asker is kept; the second one's must not stand in line behind it."""
    town.opens("asking")
    outbox.work_all(town.city)
    town.completes("think", "ask")
    town.completes("advise")
    assert town.names() == ["busy", "conclude"]
    town.completes("conclude")
    assert town.messages()[-1] == ("reply", "kept")
    assert [each.receiver for each in town.rows(store.message, store.message.c.status == "kept")] == [1]
    town.completes("busy")
    assert town.names() == ["after"]


def test_a_reply_that_comes_while_its_receiver_begins_to_wait_is_not_left_lying(town: SmallTown) -> None:
    for _ in range(8):
        case = town.opens("asking").case
        outbox.work_all(town.city)
        tasks = {each.name: each.id for each in town.open_tasks() if each.case == case}
        acts = [threading.Thread(target=finish, args=(town, tasks[name])) for name in ("busy", "think")]
        for act in acts:
            act.start()
        for act in acts:
            act.join()
        town.passes(minutes=1)
        outbox.work_all(town.city)
        assert [each.name for each in town.open_tasks() if each.case == case] == ["after"], town.messages()
    assert {each.status for each in town.rows(store.message, store.message.c.name == "reply")} == {"delivered"}
    holds(town)


def finish(town: SmallTown, task: str) -> None:
    outbox.drain(town.city, town.finishes(task).case)


def test_a_message_carried_by_two_workers_at_once_starts_one_process(town: SmallTown) -> None:
    town.opens("asking")
    (row, _) = undone(town)
    acts = [threading.Thread(target=outbox._try, args=(town.city, row)) for _ in range(3)]
    for act in acts:
        act.start()
    for act in acts:
        act.join()
    assert [each.process for each in town.rows(store.instance)] == ["asking", "helping"]
    holds(town)


def test_a_signal_that_nobody_waits_for_any_more_is_over_and_no_failure(town: SmallTown) -> None:
    outcome = town.opens("waiting")
    values = {"key": "signal:x", "kind": "signal", "case": outcome.case, "body": {"instance": outcome.instance, "name": "x"}, "tries": 0}
    change(town, sa.insert(store.outbox).values(**values, due_at=town.clock.moment))
    outbox.work_all(town.city)
    assert undone(town) == []
    assert [(each.tries, each.error) for each in town.rows(store.outbox)] == [(0, None)]


def test_workers_of_two_clocks_agree_by_the_lease(town: SmallTown) -> None:
    """A machine whose clock is half a minute ahead leaves a fresh lease alone."""
    waiting(town, 2)
    town.passes(hours=1)
    claimed = outbox._claim(town.city, store.timer, 1, sa.true())
    ahead = City(town.city.store, Clock(town.clock.moment + timedelta(seconds=30)))
    assert outbox.work_all(ahead) == 1 and town.names() == ["after"]
    assert len(claimed) == 1 and len(town.rows(store.timer)) == 1
