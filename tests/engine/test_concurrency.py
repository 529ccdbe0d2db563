"""Several people at the same moment, each with a connection of their own: everybody is served, nothing happens twice."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from engine import assignments, cases, rebuilding, store, stream
from engine.city import By, City
from engine.errors import NoLongerOpen, Refusal
from engine.kernel import state as states

if TYPE_CHECKING:
    from small_town import SmallTown

pytest_plugins = ("small_town",)


@pytest.fixture
def town(small_town: SmallTown) -> SmallTown:
    return small_town


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """Everybody acts at the same moment; gives what each got, or the refusal."""
    gate, got = threading.Barrier(len(acts)), [None] * len(acts)

    def one(number: int) -> None:
        gate.wait()
        try:
            got[number] = acts[number]()
        except Exception as error:
            got[number] = error

    threads = [threading.Thread(target=one, args=(number,)) for number in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return got


def served(got: list[Any]) -> list[cases.Outcome]:
    return [each for each in got if isinstance(each, cases.Outcome)]


def holds(town: SmallTown, case: int) -> None:
    """The stream is whole, and the lists say what the live states say."""
    with town.city.store.reading() as c:
        assert stream.verify(c, case) == []
        instances = c.execute(sa.select(store.instance).where(store.instance.c.case == case)).all()
        waiting = {
            token.id
            for row in instances
            for token in states.load(bytes(row.state)).tokens
            if town.city.executable(c, row.closure).nodes[token.element].type == "userTask" and token.rounds is None
        }
    assert {each.id for each in town.open_tasks() if each.case == case} == waiting


def test_two_people_complete_one_task_and_one_reads_that_it_is_done(town: SmallTown) -> None:
    for round in range(6):
        case = town.opens_inquiry(1).case
        (task,) = town.open_tasks("answer")
        people = [town.joins(f"who{round}-{number}", "agency0") for number in range(2)]
        got = at_once(*[partial(town.finishes, task.id, by=by) for by in people])
        assert len(served(got)) == 1 and sum(isinstance(each, NoLongerOpen) for each in got) == 1
        assert len(town.rows(store.event, store.event.c.task == task.id, store.event.c.kind == "TaskCompleted")) == 1
        assert len(town.rows(store.answer, store.answer.c.task == task.id)) == 1
        holds(town, case)


def test_the_same_request_sent_twice_at_once_is_carried_out_once(town: SmallTown) -> None:
    for round in range(8):
        town.opens_inquiry(1)
        (task,) = town.open_tasks("answer")
        by = town.joins(f"who{round}", "agency0")
        got = at_once(*[partial(town.finishes, task.id, by=by, key=f"sent {round}")] * 3)
        assert sorted(each.repeated for each in served(got)) == [False, True, True]
        assert len({each.answer for each in served(got)}) == 1
        assert len(town.rows(store.answer, store.answer.c.task == task.id)) == 1


def test_a_request_sent_again_later_gives_what_it_gave(town: SmallTown) -> None:
    town.opens_inquiry(1)
    (task,) = town.open_tasks("answer")
    by = town.joins("kurikaesu", "agency0")
    first, again = (town.finishes(task.id, by=by, key="the same page") for _ in range(2))
    assert (first.repeated, again.repeated) == (False, True)
    assert (again.case, again.instance, again.answer) == (first.case, first.instance, first.answer)


def test_one_reception_sent_twice_at_once_is_one_case(town: SmallTown) -> None:
    for round in range(5):
        got = at_once(*[partial(town.opens, "waiting", key=f"page of {round}")] * 2)
        assert sorted(each.repeated for each in served(got)) == [False, True]
        assert len({each.case for each in served(got)}) == 1
    assert len(town.rows(store.case)) == 5


def test_fifty_agencies_answer_fifty_tasks_of_one_instance_at_once(town: SmallTown) -> None:
    case = town.opens_inquiry(50).case
    tasks = town.open_tasks("answer")
    agencies = {f"agency{number}": town.joins(f"kikan{number}", f"agency{number}") for number in range(50)}
    got = at_once(*[lambda each=each: town.finishes(each.id, f"{each.groups[0]}の答え", agencies[each.groups[0]]) for each in tasks])
    assert [each for each in got if not isinstance(each, cases.Outcome)] == []
    assert town.names() == ["close"]
    answers = town.rows(store.answer, store.answer.c.form == "A2")
    assert {(each.task, each.data["answer"]) for each in answers} == {(each.id, f"{each.groups[0]}の答え") for each in tasks}
    assert len(answers) == 50 and len({each.activation for each in answers}) == 1
    assert town.kinds(case).count("TaskCompleted") == 51
    holds(town, case)


def test_every_answer_counts_whoever_waits_for_whom(town: SmallTown) -> None:
    """Few writers, many times: each loses the swap to others at every possible moment."""
    agencies = [town.joins(f"kikan{number}", f"agency{number}") for number in range(4)]
    for _ in range(6):
        case = town.opens_inquiry(4).case
        tasks = {each.groups[0]: each.id for each in town.open_tasks("answer")}
        got = at_once(*[lambda by=by, task=tasks[str(by.organisation)]: town.finishes(task, by=by) for by in agencies])
        assert len(served(got)) == 4, got
        assert town.open_tasks("answer") == []
        holds(town, case)
    assert town.names() == ["close"] * 6


def test_an_answer_and_its_repetition_race_with_the_other_answers(town: SmallTown) -> None:
    town.opens_inquiry(6)
    tasks = town.open_tasks("answer")
    agencies = {f"agency{number}": town.joins(f"kikan{number}", f"agency{number}") for number in range(6)}
    acts = [lambda each=each: town.finishes(each.id, by=agencies[each.groups[0]], key=f"once {each.id}") for each in tasks]
    got = at_once(*acts, *acts)
    assert len(served(got)) == 12 and sum(each.repeated for each in served(got)) == 6
    assert len(town.rows(store.answer, store.answer.c.form == "A2")) == 6


def test_numbers_of_cases_have_no_gap_when_many_receive_at_once(town: SmallTown) -> None:
    counters = [town.joins(f"mado{number}", "minamo") for number in range(8)]

    def receives(by: By, number: int) -> cases.Outcome:
        answer: dict[str, str] = {} if number == 2 else {"answer": "架空"}  # every third sends an empty page: no number is lost
        return cases.open_case(town.city, "waiting", answer, by, town.key())

    got = at_once(*[lambda by=by, n=n % 3: [_or_refusal(lambda: receives(by, n)) for _ in range(4)] for n, by in enumerate(counters)])
    made = [each for mine in got for each in mine if isinstance(each, cases.Outcome)]
    assert len(made) == 24 and all(isinstance(each, cases.Outcome | Refusal) for mine in got for each in mine)
    numbers = sorted(each.number for each in town.rows(store.case))
    assert numbers == [f"2026-{number:05d}" for number in range(1, 25)]


def _or_refusal(act: Callable[[], Any]) -> Any:
    try:
        return act()
    except Refusal as refusal:
        return refusal


def test_the_number_begins_again_with_the_fiscal_year_under_two_writers(town: SmallTown) -> None:
    town.opens("waiting")
    town.passes(days=365)
    got = at_once(*[lambda: town.opens("waiting")] * 4)
    assert len(served(got)) == 4, got
    assert sorted(each.number for each in town.rows(store.case)) == ["2026-00001", *(f"2027-{number:05d}" for number in range(1, 5))]


def test_a_task_that_many_claim_at_once_is_claimed_by_one(town: SmallTown) -> None:
    town.opens_inquiry(1)
    (task,) = town.open_tasks("answer")
    people = [town.joins(f"who{number}", "agency0") for number in range(6)]
    got = at_once(*[lambda by=by: assignments.claim(town.city, task.id, by) for by in people])
    assert got.count(None) == 1
    assert sum(isinstance(each, assignments.TakenByAnother) for each in got) == 5
    (held,) = town.open_tasks("answer")
    assert held.assignee == people[got.index(None)].person and held.claimed_at == town.clock.moment


def test_a_claim_and_a_completion_at_once_leave_a_task_that_is_done(town: SmallTown) -> None:
    for round in range(6):
        case = town.opens_inquiry(1).case
        (task,) = town.open_tasks("answer")
        one, other = (town.joins(f"who{round}-{number}", "agency0") for number in range(2))
        claimed, done = at_once(partial(assignments.claim, town.city, task.id, one), partial(town.finishes, task.id, by=other))
        assert claimed is None or isinstance(claimed, NoLongerOpen)
        assert isinstance(done, cases.Outcome)
        assert [each.status for each in town.rows(store.task, store.task.c.id == task.id)] == ["done"]
        holds(town, case)


def test_rebuilding_while_people_work_loses_nothing(town: SmallTown) -> None:
    case = town.opens_inquiry(12).case
    tasks = town.open_tasks("answer")
    agencies = {f"agency{number}": town.joins(f"kikan{number}", f"agency{number}") for number in range(12)}
    acts = [lambda each=each: town.finishes(each.id, by=agencies[each.groups[0]]) for each in tasks]
    got = at_once(*acts, lambda: rebuilding.rebuild(town.city), lambda: rebuilding.rebuild(town.city))
    assert len(served(got)) == 12, got
    assert town.names() == ["close"]
    holds(town, case)


def test_each_process_of_the_machine_may_have_a_city_of_its_own(town: SmallTown, database_url: str) -> None:
    """Two servers on one database: nothing that a city keeps in memory matters."""
    opened = store.connect(database_url)
    other = City(opened, town.clock)
    try:
        case = town.opens_inquiry(10).case
        tasks = town.open_tasks("answer")
        agencies = {f"agency{number}": town.joins(f"kikan{number}", f"agency{number}") for number in range(10)}
        acts = [
            lambda each=each, city=(town.city, other)[n % 2]: cases.complete(city, each.id, {"answer": "架空"}, agencies[each.groups[0]], each.id)
            for n, each in enumerate(tasks)
        ]
        assert len(served(at_once(*acts))) == 10
        holds(town, case)
    finally:
        opened.close()


def test_nobody_completes_what_is_another_groups_however_many_try(town: SmallTown) -> None:
    town.opens_inquiry(2)
    first, second = town.open_tasks("answer")
    stranger = town.joins("yoso", second.groups[0])
    got = at_once(*[lambda: town.finishes(first.id, by=stranger)] * 4)
    assert all(isinstance(each, Refusal) for each in got) and len(town.open_tasks("answer")) == 2
    with pytest.raises(Refusal):
        assignments.claim(town.city, first.id, stranger)
