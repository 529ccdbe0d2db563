"""Correcting an answer: it sets what the first would have set, where nothing later has, and says plainly what is settled."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from engine import access, answers, cases, rebuilding, store, stream
from engine.errors import NoLongerOpen

if TYPE_CHECKING:
    from households import Town

pytest_plugins = ("households",)

CENTRE, COUNTER = "えしこに", "市民税課"
AGENDA, CONCLUDE = "会議の議題にする", "会議でのプランの結論を記録する"
HEALTH, CARE = "健康対策課(地区担当保健師)", "居宅介護支援事業所(ケアマネジャー)"


class Desk:
    """Somebody who corrects what they wrote, and looks at what came of it."""

    def __init__(self, town: Town, case: str, who: str = CENTRE) -> None:
        self.town, self.case, self.by, self.keys = town, town.cases[case], town.by(who), 0

    def rows(self, table: sa.Table, *where: Any) -> list[Any]:
        with self.town.city.store.reading() as c:
            return list(c.execute(sa.select(table).where(table.c.case == self.case, *where).order_by(table.c.id)))

    def last(self, form: str) -> Any:
        return self.rows(store.answer, store.answer.c.form == form)[-1]

    def corrects(self, answer: Any, **typed: Any) -> Any:
        """The new answer, in which `typed` stands in place of what was written."""
        self.keys += 1
        with self.town.city.store.reading() as c:
            form = answers.form_of(self.town.city, c, answer)
        shown = form.part(answer.part or form.parts[0].id).fields
        written = {each.name: answer.data[each.name] for each in shown if not each.auto and each.name in answer.data}
        cases.correct(self.town.city, answer.id, {**written, **typed}, "書きまちがい", self.by, f"correction:{self.case}:{self.keys}")
        return self.last(answer.form)

    def items(self) -> list[tuple[int, str | None, list[str], int]]:
        return [(row.meeting, row.result, row.members, row.answer_id) for row in self.rows(store.agenda_item)]

    def takes_part(self, ground: str) -> set[str]:
        """The organisations that take part on this ground today."""
        table = store.participation
        with self.town.city.store.reading() as c:
            still = sa.or_(table.c.until.is_(None), table.c.until >= self.town.city.today)
            return set(c.scalars(sa.select(table.c.organisation).where(table.c.case == self.case, table.c.ground == ground, still)))

    def task(self, name: str) -> Any:
        return self.rows(store.task, store.task.c.status == "open", store.task.c.name == name)[0]


# -- an item on an agenda -----------------------------------------------------------------------------------------------
def test_an_item_moves_to_the_meeting_that_was_meant_and_its_task_is_due_by_that_day(town: Town) -> None:
    desk = Desk(town, "on_the_agenda")
    new = desk.corrects(desk.last("F11"), meeting="new:2026-06-11", point="6月に諮る。")
    (moved,) = [row for row in desk.items() if row[1] is None]
    assert (new.data["meeting_on"], moved[3]) == ("2026-06-11", new.id)
    with town.city.store.reading() as c:
        assert c.scalar(sa.select(store.meeting.c.on_day).where(store.meeting.c.id == moved[0])) == date(2026, 6, 11)
        assert new.data["meeting"] == str(moved[0]) and not stream.verify(c, desk.case)
        task = desk.task(CONCLUDE)
        assert c.scalars(sa.select(store.candidate.c.due_on).where(store.candidate.c.task == task.id)).all() == [task.due_on]
    assert (task.due_on, task.follow_up_on) == (date(2026, 6, 16), date(2026, 6, 11))
    before = desk.rows(store.task)
    rebuilding.rebuild(town.city)
    assert sorted(map(str, desk.rows(store.task))) == sorted(map(str, before))


def test_an_item_that_stays_in_its_meeting_keeps_its_place(town: Town) -> None:
    town.rehearsal("waiting").answers(CENTRE, AGENDA, [("会議", "2026-05-14")])
    desk = Desk(town, "on_the_agenda")
    place = desk.rows(store.agenda_item)[-1].position
    new = desk.corrects(desk.last("F11"), point="諮ることを書き直した。")
    row = desk.rows(store.agenda_item)[-1]
    assert (row.position, row.answer_id, row.closed_at) == (place, new.id, None)


def test_who_was_asked_to_come_by_mistake_reads_the_item_no_longer(town: Town) -> None:
    desk = Desk(town, "on_the_agenda")
    old, asked = desk.last("F11"), desk.takes_part("member")
    (gone, *left) = old.data["members"]
    desk.corrects(old, members=left)
    assert gone["org"] in asked and desk.takes_part("member") == asked - {gone["org"]}
    assert desk.items()[-1][2] == [each["org"] for each in left]


def test_the_agenda_of_a_concluded_item_is_not_corrected(town: Town) -> None:
    desk = Desk(town, "on_the_agenda")
    agenda = desk.last("F11")
    town.rehearsal("on_the_agenda").answers(CENTRE, CONCLUDE, [("開き方", "延期した")])
    before = desk.items()
    with pytest.raises(NoLongerOpen, match="新しい記録"):
        desk.corrects(agenda, meeting="new:2026-06-11")
    assert desk.items() == before


def test_a_conclusion_that_was_written_down_wrongly_is_right_on_the_agenda(town: Town) -> None:
    desk = Desk(town, "on_the_agenda")
    town.rehearsal("on_the_agenda").answers(CENTRE, CONCLUDE, [
        ("プランの結論", "適切(了承)"), ("確かめたこと", "本人の意向が書かれている／主担当が1つに決まり、引き受けている"),
        ("確かめられない項目があっても了承する理由", "次の面談で確かめる。"),
    ])  # fmt: skip
    new = desk.corrects(desk.last("F11"), plan_result="minor", changes="連絡先を足す。")
    assert desk.items()[-1][1::2] == ("minor", new.id)


# -- other facts --------------------------------------------------------------------------------------------------------
def test_a_correction_leaves_the_lead_to_whom_a_later_answer_gave_it(supporting_town: Town) -> None:
    town = supporting_town
    desk = Desk(town, "decided")
    lead = town.rehearsal("decided").row().lead_org
    new = desk.corrects(desk.last("F04"), provisional_lead="houkatsu")
    assert (new.data["provisional_lead"], town.rehearsal("decided").row().lead_org) == ("houkatsu", lead)


def test_a_lead_written_by_mistake_is_put_right(town: Town) -> None:
    desk = Desk(town, "on_the_agenda")
    desk.corrects(desk.last("F04"), provisional_lead="houkatsu")
    assert town.rehearsal("on_the_agenda").row().lead_org == "houkatsu" in desk.takes_part("lead")


def consents(desk: Desk, **typed: Any) -> dict[int, tuple[str, list[str]]]:
    return {row.person: (row.answer, sorted(row.orgs)) for row in desk.rows(store.consent, store.consent.c.replaced_at.is_(None))}


def test_a_consent_is_corrected_and_no_longer_shares_with_whom_it_named_by_mistake(town: Town) -> None:
    desk = Desk(town, "waiting")
    before = consents(desk)
    town.rehearsal("waiting").records_called(CENTRE, "同意", [
        ("だれの同意か", "母"), ("答え", "同意した"), ("同意した段階", "①会う・相談を続ける／②決めた機関と共有する"),
        ("共有してよい機関", f"機関={HEALTH}"), ("共有してよい機関", f"機関={CARE}"),
    ])  # fmt: skip
    old = desk.last("F05")
    rows = [row for row in old.data["scope_orgs"] if row["org"] != "kyotaku"]
    desk.corrects(old, scope_orgs=rows)
    (mother,) = [person for person, now in consents(desk).items() if now != before.get(person)]
    assert "kenko" in consents(desk)[mother][1] and "kyotaku" not in consents(desk)[mother][1]


def test_a_consent_that_a_newer_one_replaced_is_not_corrected(town: Town) -> None:
    desk = Desk(town, "waiting")
    old = desk.last("F05")
    with town.city.store.reading() as c:
        assert access.may_correct(town.city, c, desk.by, old)
    town.rehearsal("waiting").records_called(CENTRE, "撤回", [("だれの撤回か", "母"), ("撤回した日", "2026-05-14"), ("撤回の範囲", "すべて")])
    town.rehearsal("waiting").records_called(CENTRE, "撤回", [("だれの撤回か", "長男"), ("撤回した日", "2026-05-14"), ("撤回の範囲", "すべて")])
    before = consents(desk)
    with pytest.raises(NoLongerOpen, match="新しい同意か撤回"):
        desk.corrects(old, valid_until="2026-12-31")
    assert consents(desk) == before
    desk.corrects(old, excluded="勤め先")  # what decides nothing may still be put right
    assert consents(desk) == before


def test_a_withdrawal_by_mistake_is_corrected_to_the_person_who_meant_it(town: Town) -> None:
    desk = Desk(town, "waiting")
    before = consents(desk)
    town.rehearsal("waiting").records_called(CENTRE, "撤回", [("だれの撤回か", "母"), ("撤回した日", "2026-05-14"), ("撤回の範囲", "すべて")])
    old = desk.last("F05")
    (mother,) = [person for person, now in consents(desk).items() if now != before[person]]
    son = next(person for person in before if person != mother)
    field = next(name for name, kept in old.data.items() if kept == [str(mother)])
    desk.corrects(old, **{field: [str(son)]})
    assert consents(desk) == {**before, son: ("refused", [])}


def test_persons_who_were_completed_since_stay_as_they_are(town: Town) -> None:
    number = town.receives(COUNTER, "続柄・立場=本人／氏=星空")
    desk = Desk(town, "new", COUNTER)
    first = desk.last("F01")
    assert number and [row["familyName"] for row in first.data["persons"]] == ["星空"]
    town.rehearsal("new").records_called(COUNTER, "世帯の人", [("本人・世帯の人", "続柄・立場=子／氏=星空／名=みらい")])
    with town.city.store.reading() as c:
        persons = c.scalars(sa.select(store.person.c.data)).all()
    desk.corrects(first, narrative="相談の内容を書き直した。")
    with town.city.store.reading() as c:
        assert c.scalars(sa.select(store.person.c.data)).all() == persons
