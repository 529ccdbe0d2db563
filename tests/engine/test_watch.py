"""What stands still, seen by those who lead: what counts, who sees whom, what is usual, what came before."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from standstill import AGENCY, COUNTER, REPLY, TRIAGE, Office, four_days, opened

from engine import people, process_figures, stalling, stalls, store, trend, usual, watch
from engine.calendar import Calendar
from engine.errors import NotAllowed
from engine.stalls import Stall
from engine.store import Store
from engine.watch import Line, Narrow, Watch

pytest_plugins = ("standstill",)

HEAD, OTHER_HEAD = f"{COUNTER}の長", f"{AGENCY}の長"
CENTRE, SECRETARIAT = "えしこにの長", "福祉政策課の長"


@contextmanager
def looking(office: Office, who: str, narrow: Narrow | None = None) -> Iterator[Watch]:
    by = office.by(who)
    with office.city.store.reading() as c:
        yield Watch(office.city, c, by, narrow or Narrow())


def stalled(office: Office, who: str, narrow: Narrow | None = None) -> dict[str, Stall]:
    """What somebody sees, by family; the most urgent first."""
    families = {office.number(family): family for family in office.cases}
    with looking(office, who, narrow) as look:
        found, _ = stalls.page(look, size=100)
    return {families[each.number]: each for each in found}


def lines(office: Office, who: str, of: str, narrow: Narrow | None = None) -> dict[str, Line]:
    with looking(office, who, narrow) as look:
        found = {"step": watch.by_step, "office": watch.by_office, "person": watch.by_person}[of](look)
    return {line.title: line for line in found}


# What counts as stalled


def test_a_task_is_stalled_from_the_day_after_its_last_day(office: Office) -> None:
    at_reply = Narrow(step="handover:acknowledge")
    assert stalled(office, OTHER_HEAD, at_reply)["若草"].late == 1
    office.clock.moment -= timedelta(days=1)  # its last day
    assert stalled(office, OTHER_HEAD, at_reply) == {}


def test_days_are_open_days_and_a_weekend_adds_none(office: Office) -> None:
    friday = stalled(office, HEAD)["星空"]
    assert (friday.days, friday.late, friday.quiet) == (4, 3, 4)
    office.clock.moment += timedelta(days=2)
    assert stalled(office, HEAD)["星空"] == friday
    office.clock.moment += timedelta(days=1)
    assert stalled(office, HEAD)["星空"].days == 5


PATIENT = ('t_handover_ack = { value = "P3BD"', 't_handover_ack = { value = "P20BD"')


def hands_over(office: Office, folder: Path) -> None:
    """A household is handed over where an answer may take twenty open days; the diagram calls three a standstill."""
    office.publishes(folder, {"processes/organisation.toml": PATIENT})
    office.receives("夕凪")
    office.connects("夕凪")


def test_a_task_within_its_time_is_stalled_once_nothing_happened_for_longer_than_the_diagram_says(
    office: Office, tmp_path: Path
) -> None:
    hands_over(office, tmp_path)
    office.days_pass(3)
    assert "夕凪" not in stalled(office, OTHER_HEAD)
    office.days_pass(1)
    found = stalled(office, OTHER_HEAD)["夕凪"]
    assert (found.late, found.quiet) == (0, 4)


def test_whatever_happens_in_the_case_is_activity(office: Office, tmp_path: Path) -> None:
    hands_over(office, tmp_path)
    office.days_pass(4)
    assert "夕凪" in stalled(office, OTHER_HEAD)
    office.rehearsal("夕凪").records_called(COUNTER, "記録", [("方法", "電話"), ("あったこと(事実)", "架空")])
    assert "夕凪" not in stalled(office, OTHER_HEAD)


def test_a_wait_is_no_delay_of_anybody(office: Office) -> None:
    """The household waits until 29 May, as was agreed: that is shown as a wait, however long it takes."""
    assert "月影" not in stalled(office, HEAD) and "月影" not in stalled(office, CENTRE)
    with looking(office, HEAD) as look:
        assert watch.waits(look) == [("次に確かめる日", 1)]
        assert stalls.overstays(look) == []
        assert watch.counts(look).cases == 2


def test_a_wait_whose_day_passed_without_anything_going_on_is_the_machine_s(office: Office) -> None:
    office.sleeps_until(date(2026, 6, 5))  # five open days after 29 May: as long as the diagram allows
    with looking(office, HEAD) as look:
        assert stalls.overstays(look) == []
    office.sleeps_until(date(2026, 6, 8))
    with looking(office, HEAD) as look:
        [found] = stalls.overstays(look)
        assert (found.number, found.name, found.due_on, found.days) == (office.number("月影"), "次に確かめる日", date(2026, 5, 29), 6)
        assert watch.waits(look) == []
        assert watch.counts(look).cases == 3
    assert "月影" not in stalled(office, HEAD)


@pytest.mark.parametrize(
    ("n", "today", "first"),
    [
        (0, date(2026, 4, 10), date(2026, 4, 10)),  # a Friday: whatever moved before today
        (1, date(2026, 4, 10), date(2026, 4, 9)),
        (1, date(2026, 4, 13), date(2026, 4, 10)),  # Monday: Friday, Saturday and Sunday all have one open day behind them
        (3, date(2026, 5, 8), date(2026, 4, 30)),  # three open days and the holidays of May
    ],
)
def test_quiet_days_are_counted_by_the_calendar(n: int, today: date, first: date) -> None:
    calendar = Calendar()
    assert stalling.quiet_before(calendar, n, today) == first
    assert calendar.workdays_between(first, today) <= n < calendar.workdays_between(first - timedelta(days=1), today)


def test_a_very_patient_diagram_is_counted_too() -> None:
    first = stalling.quiet_before(Calendar(), 2_000, date(2026, 4, 10))
    assert Calendar().workdays_between(first, date(2026, 4, 10)) == 2_000


# Who sees what


def test_a_head_sees_the_steps_that_wait_on_the_own_office(office: Office) -> None:
    assert list(stalled(office, HEAD)) == ["星空", "朝露"]
    assert list(stalled(office, OTHER_HEAD)) == ["若草"]
    assert list(stalled(office, f"{COUNTER}のマネージャー")) == ["星空", "朝露"]
    assert stalled(office, "長寿社会課の長") == {}


@pytest.mark.parametrize("who", [CENTRE, SECRETARIAT])
def test_the_heads_who_answer_for_the_whole_see_all(office: Office, who: str) -> None:
    assert list(stalled(office, who)) == ["星空", "朝露", "若草"]


@pytest.mark.parametrize("who", [COUNTER, "えしこに", "福祉政策課", AGENCY])
def test_whoever_leads_nobody_has_no_such_page(office: Office, who: str) -> None:
    with pytest.raises(NotAllowed), looking(office, who):
        pass


def test_rank_in_one_office_opens_nothing_while_acting_for_another(office: Office) -> None:
    head = office.by(CENTRE)
    elsewhere = type(head)(head.person, "zeimu", frozenset({"zeimu"}))
    with office.city.store.reading() as c, pytest.raises(NotAllowed):
        Watch(office.city, c, elsewhere)


def test_a_manager_of_the_centre_sees_the_steps_of_the_centre_only(office: Office) -> None:
    assert stalled(office, "えしこにのマネージャー") == {}


def test_households_are_named_only_to_those_who_may_open_the_case(office: Office) -> None:
    assert stalled(office, HEAD)["星空"].household == "星空さん世帯"
    assert stalled(office, CENTRE)["若草"].household == "若草さん世帯"
    for each in stalled(office, SECRETARIAT).values():
        assert each.household == "" and not each.may_open


def test_a_person_is_named_only_to_those_who_can_help(office: Office) -> None:
    assert stalled(office, HEAD)["朝露"].person == "春風 さくら"
    for who in (CENTRE, SECRETARIAT, f"{COUNTER}のマネージャー"):
        found = stalled(office, who)["朝露"]
        assert found.is_taken and found.person is None, who


def test_only_the_head_of_the_step_may_give_it_to_somebody_else(office: Office) -> None:
    assert stalled(office, HEAD)["星空"].may_reassign
    assert not stalled(office, CENTRE)["星空"].may_reassign
    manager = stalled(office, f"{COUNTER}のマネージャー")["星空"]
    assert not manager.may_reassign and manager.may_take


def test_figures_of_people_are_for_their_own_head(office: Office) -> None:
    assert set(lines(office, HEAD, "person")) == {"春風 さくら"}
    for who in (CENTRE, SECRETARIAT, OTHER_HEAD, f"{COUNTER}のマネージャー"):
        assert lines(office, who, "person") == {}, who


def test_nobody_narrows_to_a_person_or_office_that_is_not_theirs(office: Office) -> None:
    sakura = next(iter(lines(office, HEAD, "person").values())).key
    assert list(stalled(office, HEAD, Narrow(person=int(sakura)))) == ["朝露"]
    for who, narrow in [
        (CENTRE, Narrow(person=int(sakura))), (f"{COUNTER}のマネージャー", Narrow(person=int(sakura))),
        (HEAD, Narrow(person=office.by(AGENCY).person)), (HEAD, Narrow(office="jiritsu")), (CENTRE, Narrow(office="nowhere")),
    ]:  # fmt: skip
        with pytest.raises(NotAllowed), looking(office, who, narrow):
            pass


def test_somebody_who_left_is_no_longer_among_the_head_s_people(office: Office) -> None:
    sakura = int(lines(office, HEAD, "person")["春風 さくら"].key)
    people.leave(office.city.store, sakura, "zeimu", office.city.today - timedelta(days=1))
    assert lines(office, HEAD, "person") == {}


# One sentence per case


def test_the_deadline_that_passed_longest_ago_comes_first(office: Office) -> None:
    assert [each.late for each in stalled(office, CENTRE).values()] == [3, 3, 1]


def test_a_sentence_knows_the_step_the_group_and_what_comes_next(office: Office) -> None:
    found = stalled(office, CENTRE)["若草"]
    assert (found.step, found.groups, found.is_taken, found.next) == (REPLY, ("jiritsu",), False, "つながったかを報告する")
    assert office.task("若草", REPLY) == found.task


def test_a_case_with_several_stalled_steps_is_told_once(office: Office) -> None:
    office.receives_in_danger("夕凪")
    office.days_pass(4)
    found = stalled(office, HEAD)["夕凪"]
    assert found.more == 1
    with looking(office, HEAD) as look:
        assert [each.number for each in stalls.page(look, size=100)[0]].count(office.number("夕凪")) == 1
        counts = watch.counts(look)
    assert (counts.cases, counts.stalled) == (3, 4)


def test_pages_follow_each_other_without_a_gap_or_a_repetition(experienced: Office) -> None:
    seen: list[str] = []
    with looking(experienced, CENTRE) as look:
        after = None
        for _ in range(20):
            found, after = stalls.page(look, after)
            seen += [each.number for each in found]
            if after is None:
                break
        assert len(seen) == len(set(seen)) == watch.counts(look).cases == 24


@pytest.mark.parametrize("after", ["", "~", "tomorrow~1-2-3", "2026-02-30~1-2-3"])
def test_a_page_that_nobody_was_given_does_not_exist(office: Office, after: str) -> None:
    with looking(office, HEAD) as look, pytest.raises(NotAllowed):
        stalls.page(look, after)


def test_what_is_finished_is_gone(office: Office) -> None:
    office.answers("星空", TRIAGE, [("対応の区分", "情報提供・助言で終了"), ("そう判断した理由", "架空")])
    assert list(stalled(office, HEAD)) == ["朝露"]


# Counts


def test_counts_are_those_of_what_is_seen(office: Office) -> None:
    with looking(office, CENTRE) as look:
        counts = watch.counts(look)
    assert (counts.cases, counts.open, counts.stalled, counts.overdue) == (3, 3, 3, 3)
    assert counts.longest == (4, office.number("星空"), TRIAGE)
    with looking(office, OTHER_HEAD) as look:
        assert watch.counts(look).open == 1


def test_where_nothing_stands_still_there_is_no_longest(office: Office) -> None:
    with looking(office, "長寿社会課の長") as look:
        counts = watch.counts(look)
    assert counts.longest is None and counts.cases == counts.open == 0


def test_steps_and_offices_are_counted_most_stalled_first(office: Office) -> None:
    by_step = lines(office, CENTRE, "step")
    assert list(by_step) == [TRIAGE, REPLY]
    assert (by_step[TRIAGE].open, by_step[TRIAGE].stalled, by_step[TRIAGE].longest) == (2, 2, 4)
    assert by_step[REPLY].process == "つなぐ"
    by_office = lines(office, CENTRE, "office")
    assert [(title, line.stalled) for title, line in by_office.items()] == [(COUNTER, 2), (AGENCY, 1)]
    assert set(lines(office, OTHER_HEAD, "office")) == {AGENCY}


def test_a_person_s_line_counts_what_is_in_hand(office: Office) -> None:
    line = lines(office, HEAD, "person")["春風 さくら"]
    assert (line.open, line.stalled, line.longest) == (1, 1, 4)


def test_counts_are_narrowed_with_the_sentences(office: Office) -> None:
    with looking(office, CENTRE, Narrow(office="jiritsu")) as look:
        assert watch.counts(look).cases == 1
    assert set(lines(office, CENTRE, "step", Narrow(office="jiritsu"))) == {REPLY}
    assert set(lines(office, CENTRE, "office", Narrow(step="intake:triage"))) == {COUNTER}


# What is usual


def test_nothing_is_called_usual_before_it_happened_twenty_times(office: Office) -> None:
    line = lines(office, HEAD, "step")[TRIAGE]
    assert line.usual == usual.Usual(None, 2)
    assert not stalled(office, HEAD)["星空"].usual.is_far_exceeded_by(1_000)


def test_the_usual_time_is_the_median_of_open_days(experienced: Office) -> None:
    """Two at once, ten after one day, eleven after three: the middle one of 23 took one day."""
    line = lines(experienced, HEAD, "step")[TRIAGE]
    assert line.usual == usual.Usual(1, 23)
    found = stalled(experienced, HEAD, Narrow(step="intake:triage"))["星空"]
    assert found.usual == line.usual and found.usual.is_far_exceeded_by(found.days)


def test_what_is_older_than_a_year_says_nothing_about_the_present(experienced: Office) -> None:
    experienced.clock.moment += timedelta(days=366)
    assert lines(experienced, HEAD, "step")[TRIAGE].usual == usual.Usual(None, 0)


def test_a_long_history_costs_no_more_than_a_short_one(experienced: Office) -> None:
    task = store.task
    columns = [column for column in task.c if column.name != "id"]
    with experienced.city.store.transaction() as c:
        for n in range(9):  # the same work again and again
            again = sa.select((task.c.id + f"-{n}").label("id"), *columns)
            once = sa.and_(task.c.element == "intake:triage", task.c.status == "done", task.c.id.not_like("%-%-%-%"))
            c.execute(sa.insert(task).from_select(["id", *(column.name for column in columns)], again.where(once)))
    assert lines(experienced, HEAD, "step")[TRIAGE].usual.n == usual.LATEST


@pytest.mark.parametrize(("usually", "days", "far"), [(0, 1, False), (0, 2, True), (3, 5, False), (3, 6, True)])
def test_twice_the_usual_is_far_too_long(usually: int, days: int, far: bool) -> None:
    assert usual.Usual(usually, 20).is_far_exceeded_by(days) is far


# How it was before


def test_the_trend_counts_what_was_overdue_week_by_week(experienced: Office) -> None:
    with looking(experienced, CENTRE) as look:
        points = trend.overdue_by_week(look)
    assert [point.day for point in points][-2:] == [date(2026, 4, 9), date(2026, 4, 16)]
    assert [point.count for point in points] == [0, 0, 0, 0, 0, 0, 11, 24]


def test_what_was_overdue_and_is_done_still_counts_for_its_week(office: Office) -> None:
    """On Friday three are overdue; on Monday one is finished, and the agency's goes to others, who do not act either."""
    office.days_pass(1)
    office.answers("星空", TRIAGE, [("対応の区分", "情報提供・助言で終了"), ("そう判断した理由", "架空")])
    office.answers("星空", "受付を終える", [])
    office.days_pass(4)
    for who, counted in ((HEAD, [2, 1]), (CENTRE, [3, 2]), (OTHER_HEAD, [1, 0])):
        with looking(office, who) as look:
            assert [point.count for point in trend.overdue_by_week(look)][-2:] == counted, who


# Both databases


def test_all_of_it_is_the_same_on_both_databases(empty_store: Store) -> None:
    office = opened(empty_store)
    four_days(office)
    assert list(stalled(office, CENTRE)) == ["星空", "朝露", "若草"]
    assert list(stalled(office, OTHER_HEAD)) == ["若草"]
    assert lines(office, CENTRE, "step")[TRIAGE].usual == usual.Usual(None, 2)
    assert set(lines(office, CENTRE, "office")) == {COUNTER, AGENCY} and set(lines(office, HEAD, "person")) == {"春風 さくら"}
    with looking(office, OTHER_HEAD) as look:
        assert [point.count for point in trend.overdue_by_week(look)][-1] == 1
    office.sleeps_until(date(2026, 6, 8))
    with looking(office, HEAD) as look:
        assert [each.name for each in stalls.overstays(look)] == ["次に確かめる日"] and watch.waits(look) == []
        assert watch.counts(look).cases == 3
    with office.city.store.reading() as c:
        figures = {each.id: each for each in process_figures.overviews(office.city, c)}
        assert (figures["intake"].open, figures["intake"].stalled) == (4, 3)
        page = process_figures.page(office.city, c, "handover", 1)
        assert (page.overview.open, [each.open for each in page.versions], page.elsewhere) == (1, [1], 0)
