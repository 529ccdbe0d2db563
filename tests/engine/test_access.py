"""Who opens a case when, and reads what of it: the table of blueprint section 10, row by row; and what nobody is told."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

import forms
from engine import access, answers, cases, choices, facts, inbox, prefill, store, timeline
from engine.city import By
from engine.errors import NotAllowed

if TYPE_CHECKING:
    from households import Town

pytest_plugins = ("households",)

CARE, HEALTH, LIVING, SANKA = "居宅介護支援事業所(ケアマネジャー)", "健康対策課(地区担当保健師)", "自立相談支援機関(市社協)", "参加支援(えしこに)"
CENTRE = "えしこに"
PERSON = "続柄・立場=本人／氏=星空／名=ひかり"


class Desk:
    """Somebody who looks at a case of the town."""

    def __init__(self, town: Town, who: str | By, case: str = "new") -> None:
        self.town, self.case = town, case
        self.by = town.by(who) if isinstance(who, str) else who

    def opens(self) -> bool:
        """Whether the case opens; lists and search must say the same."""
        city = self.town.city
        with city.store.reading() as c:
            listed = access.openable(city.organisation(c), self.by, city.today)
            found = c.scalar(sa.select(store.case.c.id).where(store.case.c.id == self.town.cases[self.case], listed))
            opens = self.sight(c).may_open
            assert (found is not None) == opens
            return opens

    def sight(self, c: Any) -> access.Sight:
        row = c.execute(sa.select(store.case).where(store.case.c.id == self.town.cases[self.case])).one()
        return access.sight(self.town.city, c, self.by, row)

    def levels(self) -> dict[str, str]:
        """The forms that were answered in this case and that this person may read, with the level."""
        with self.town.city.store.reading() as c:
            sight = self.sight(c)
            found = ((row.form, sight.level(row.form, row.organisation, row.part)) for row in answered(self.town, self.case))
            return {form: level for form, level in found if level is not None}

    def reads(self, form_id: str) -> str:
        """What the newest readable answer of a form shows to this person, as text."""
        with self.town.city.store.reading() as c:
            sight = self.sight(c)
            rows = [row for row in answered(self.town, self.case) if row.form == form_id and sight.level(form_id, row.organisation, row.part)]
            assert rows
            form = self.town.city.forms(c)[form_id]
            data = access.readable(self.town.city, c, sight, form, rows[-1])
            offered = choices.of(c, self.town.city, self.by, facts.Facts(c, self.town.city, rows[-1].case, rows[-1].instance))
            may = sight.may(form_id, rows[-1].organisation, rows[-1].part)
            return forms.show(form, data, may=may, choices=offered) + forms.paper(form, data, may=may, choices=offered)

    def timeline(self) -> list[timeline.Entry]:
        with self.town.city.store.reading() as c:
            return timeline.read(c, self.town.city, self.sight(c), size=1000)[0]


def answered(town: Town, case: str) -> list[Any]:
    answer = store.answer
    with town.city.store.reading() as c:
        return list(c.execute(
            sa.select(answer).where(answer.c.case == town.cases[case], answer.c.schema_hash != "").order_by(answer.c.id)
        ))  # fmt: skip


def hands_over(town: Town, *rows: tuple[str, str], person: str = PERSON, roles: tuple[str, ...] = ("本人",)) -> None:
    """市民税課 receives somebody and writes the sheet for 自立相談."""
    receives(town, *rows, person=person)
    story = town.rehearsal("new")
    for each in roles:
        consents(town, "市民税課", each, LIVING, task="同意を確かめて記録する")
    story.answers("市民税課", "振り分けを判断する", [("そう判断した理由", "架空の理由。"), ("対応の区分", "他課・他機関へつなぐ"), ("つなぎ先", LIVING)])
    story.answers("市民税課", "つなぐシートを書く", [("つなぎ方", "電話で引継ぎ"), ("頼みたいこと", "家計の見直し")])


def receives(town: Town, *rows: tuple[str, str], person: str = PERSON) -> None:
    from households import ASKED

    story = town.rehearsal()
    story.registers("市民税課", [*ASKED, ("本人・世帯の人", person), *rows])
    town.cases["new"] = story.case or 0


def consents(town: Town, who: str, person: str, *orgs: str, task: str | None = None, case: str = "new", plan: bool = False) -> None:
    steps = "①会う・相談を続ける／②決めた機関と共有する" + ("／③プランづくり・重層的支援会議" if plan else "")
    rows = [
        ("だれの同意か", person), ("答え", "同意した"), ("同意した段階", steps),
        *(("共有してよい機関", f"機関={each}") for each in orgs), ("同意のしかた", "自署"),
    ]  # fmt: skip
    story = town.rehearsal(case)
    if task is None:
        story.records_called(who, "同意", rows)
    else:
        story.answers(who, task, rows)


def withdraws(town: Town, case: str, *persons: str, orgs: tuple[str, ...] = ()) -> None:
    scope = [("撤回の範囲", "一部の機関"), *(("撤回された機関", f"機関={each}") for each in orgs)] if orgs else [("撤回の範囲", "すべて")]
    for person in persons:
        town.rehearsal(case).records_called(CENTRE, "撤回", [("だれの撤回か", person), *scope])


# -- 受け付けた窓口, its マネージャー ----------------------------------------------------------------------------------------
def test_the_counter_reads_what_it_received_and_not_what_the_receiver_writes(asking_town: Town) -> None:
    for who in ("地域包括支援センター", "地域包括支援センターのマネージャー"):
        desk = Desk(asking_town, who, "asked")
        assert desk.opens()
        assert set(desk.levels()) == {"F01", "F03", "F05", "F13"}
        assert not {"F02", "F04", "F07"} & desk.levels().keys()


def test_an_own_record_is_read_and_one_of_another_office_is_not(asking_town: Town) -> None:
    rows = [("方法", "訪問"), ("相手", "本人"), ("あったこと(事実)", "玄関で話した。")]
    own, other = Desk(asking_town, "地域包括支援センター", "asked"), Desk(asking_town, CENTRE, "asked")
    before = len(answered(asking_town, "asked"))
    asking_town.rehearsal("asked").records_called(CENTRE, "記録", rows)
    (row,) = answered(asking_town, "asked")[before:]
    with asking_town.city.store.reading() as c:
        assert own.sight(c).level(row.form, row.organisation) is None
        assert other.sight(c).level(row.form, row.organisation) == "L2"
    asking_town.rehearsal("asked").records_called("地域包括支援センター", "記録", rows)
    (row,) = answered(asking_town, "asked")[before + 1 :]
    with asking_town.city.store.reading() as c:
        assert own.sight(c).level(row.form, row.organisation) is not None


def test_an_office_that_has_nothing_to_do_with_the_case_does_not_open_it(asking_town: Town) -> None:
    for who in ("市民税課", "市民税課のマネージャー", "市民税課の長", "福祉政策課の長", "長寿社会課の長", SANKA):
        desk = Desk(asking_town, who, "asked")
        assert not desk.opens() and desk.levels() == {} and desk.timeline() == [], who


# -- つなぎ先 ----------------------------------------------------------------------------------------------------------------
def test_whom_a_sheet_addresses_opens_the_case_from_then_on(town: Town) -> None:
    receives(town)
    addressed = Desk(town, LIVING)
    assert not addressed.opens() and addressed.levels() == {}
    hands_over(town)
    assert addressed.opens()
    assert addressed.levels() == {"F01": "L1", "F03": "L1"}
    assert not Desk(town, "福祉課").opens() and Desk(town, "福祉課").levels() == {}


def test_from_acceptance_on_it_leads_and_reads_on(town: Town) -> None:
    hands_over(town)
    town.rehearsal("new").answers(LIVING, "つなぐシートに回答する", [("回答", "受理")])
    desk, counter = Desk(town, LIVING), Desk(town, "市民税課")
    assert desk.levels()["F05"] == "L2" and desk.levels()["F01"] == "L2"
    assert counter.opens() and counter.levels()["F03"] == "L1"
    town.rehearsal("new").records_called(LIVING, "記録", [("方法", "電話"), ("相手", "本人"), ("あったこと(事実)", "話を聞いた。")])
    assert "F13" in desk.levels() and "F13" not in counter.levels()


def test_a_hidden_caller_stays_with_the_receiving_office_and_the_centre(town: Town) -> None:
    hands_over(town, ("相談者の氏名", "架空 通報太"), ("相談者の連絡先", "000-0000"), ("本人との関係", "となりの人"), ("相談者・通報者をふせる", "はい"))
    secrets = ("通報太", "000-0000", "となりの人")
    for who in ("市民税課", "市民税課のマネージャー", CENTRE):
        assert all(each in Desk(town, who).reads("F01") for each in secrets), who
    for form in ("F01", "F03"):
        shown = Desk(town, LIVING).reads(form)
        assert "架空の相談。" in shown and not [each for each in secrets if each in shown], form
    assert "相談者・通報者をふせる</dt>" not in Desk(town, LIVING).reads("F01")  # nor that there is somebody to hide
    town.rehearsal("new").answers(LIVING, "つなぐシートに回答する", [("回答", "受理")])
    assert not [each for each in secrets if each in Desk(town, LIVING).reads("F01")]  # nor does whoever leads


def test_a_caller_who_is_not_hidden_goes_along(town: Town) -> None:
    hands_over(town, ("相談者の氏名", "架空 娘子"))
    assert "娘子" in Desk(town, LIVING).reads("F01") and "娘子" in Desk(town, LIVING).reads("F03")


def test_whom_a_sheet_addresses_reads_what_was_received_and_not_how_it_was_routed(town: Town) -> None:
    hands_over(town)
    shown = Desk(town, LIVING).reads("F01")
    assert "架空の相談。" in shown and "架空の理由。" not in shown and "対応の区分" not in shown
    assert "架空の理由。" in Desk(town, "市民税課").reads("F01")
    with town.city.store.reading() as c:
        sight = Desk(town, LIVING).sight(c)
        routed = [row for row in answered(town, "new") if (row.form, row.part) == ("F01", "triage")]
        assert routed and sight.level("F01", "zeimu", "triage") is None and sight.level("F01", "zeimu") is None
        form = town.city.forms(c)["F01"]
        told = access.readable(town.city, c, sight, form, routed[-1])
        assert told["narrative"] == "架空の相談。" and not {"triage", "triage_reason", "to_org"} & told.keys()
        assert "emergency" not in told  # L2 stands in an open part, and is not L1
    entries = [(each.form, each.part) for each in Desk(town, LIVING).timeline() if each.form == "F01"]
    assert entries == [("F01", "receive")]


def test_what_is_filled_in_beforehand_on_the_case_page_is_what_one_may_read(town: Town) -> None:
    hands_over(town)
    said = {}
    for who in (LIVING, "市民税課"):
        desk = Desk(town, who)
        with town.city.store.reading() as c:
            scope = answers.Scope(c, town.city, facts.Facts(c, town.city, town.cases["new"], None), None, None, desk.by)
            texts = ("case.F01.triage_reason", "F01.triage_reason", "case.F01.narrative", 'records("F01").triage_reason')
            said[who] = [answers.value(scope, text) for text in texts]
    assert said["市民税課"] == ["架空の理由。", "架空の理由。", "架空の相談。", ["架空の理由。", None]]
    assert said[LIVING] == [None, None, "架空の相談。", [None]]


# -- えしこに ----------------------------------------------------------------------------------------------------------------
def test_the_centre_reads_the_first_sheets_before_it_is_asked(town: Town) -> None:
    hands_over(town)
    before = Desk(town, CENTRE).levels()
    assert Desk(town, CENTRE).opens() and before == {"F01": "L1", "F03": "L1", "F05": "L1"}


def test_the_centre_reads_everything_once_it_is_asked(asking_town: Town) -> None:
    after = Desk(asking_town, CENTRE, "asked")
    with asking_town.city.store.reading() as c:
        assert set(after.levels()) == {row.form for row in answered(asking_town, "asked")} and set(after.levels().values()) == {"L2"}
        assert after.sight(c).sees_all


# -- an agency asked ----------------------------------------------------------------------------------------------------
def test_an_agency_that_is_asked_has_its_task_and_no_case(asking_town: Town) -> None:
    desk, other = Desk(asking_town, CARE, "asked"), Desk(asking_town, HEALTH, "asked")
    assert not desk.opens() and desk.levels() == {}
    asking_town.rehearsal("asked").answers(CARE, "把握していることを答える", [("把握している世帯の様子", "週に1回通う。"), ("いまの取組", "見守り")])
    assert not desk.opens() and desk.levels() == {"F07": "L2"} and "週に1回通う。" in desk.reads("F07")
    assert other.levels() == {}
    assert {entry.form for entry in desk.timeline() if entry.form} == {"F07"} and not [e for e in other.timeline() if e.form]


# -- an agency with a role ----------------------------------------------------------------------------------------------
def test_an_agency_with_a_role_reads_only_what_names_it_until_the_decision(drafting_town: Town) -> None:
    care = Desk(drafting_town, CARE, "drafted")
    assert care.opens()
    shown = care.reads("F10")
    assert "受診、家計の見直し、長男の日中の居場所" in shown and "サービスの調整" in shown and "介護" in shown
    for kept in ("受診の付き添い", "毎週の家計相談", "月1回の古本整理", "デイサービスの友人", "「家で暮らしたい」", "男性の日中の居場所"):
        assert kept not in shown, kept
    assert "受診の付き添い" in Desk(drafting_town, CENTRE, "drafted").reads("F10")
    assert set(care.levels()) <= {"F10", "F07", "F10R"}


def test_whoever_did_not_agree_is_not_in_what_an_agency_reads(drafting_town: Town) -> None:
    assert "月1回の古本整理" in Desk(drafting_town, SANKA, "drafted").reads("F10")
    consents(drafting_town, CENTRE, "母", SANKA, case="drafted")
    withdraws(drafting_town, "drafted", "長男", orgs=(SANKA,))
    shown = Desk(drafting_town, SANKA, "drafted").reads("F10")
    assert "月1回の古本整理" not in shown and shown.count("日中の居場所") == 2  # in the goal, on screen and on paper


def test_after_the_decision_it_reads_the_whole_plan(supporting_town: Town) -> None:
    desk = Desk(supporting_town, CARE, "decided")
    shown = desk.reads("F10")
    assert "受診の付き添い" in shown and "家族、えしこに、地域包括の順" in shown
    assert desk.levels()["F12"] == "L2" and not {"F01", "F02", "F04", "F11", "F05"} & desk.levels().keys()


# -- a member of the agenda item ----------------------------------------------------------------------------------------
def test_a_member_of_the_item_reads_until_thirty_days_after_the_meeting(town: Town) -> None:
    consents(town, CENTRE, "母", "長寿社会課", LIVING, CARE, HEALTH, case="waiting", plan=True)
    town.rehearsal("waiting").answers(CENTRE, "会議の議題にする", [("会議", "2026-05-21"), ("このケースに出てほしい機関", "機関=長寿社会課")])
    member = Desk(town, "長寿社会課", "waiting")
    assert member.opens() and member.levels() == {"F10": "L2"}
    assert "受診の付き添い" in member.reads("F10")
    day = town.city.today
    town.clock.moment += timedelta(days=37 + (14 - day.day))
    assert town.city.today.isoformat() == "2026-06-20" and member.opens()
    town.clock.moment += timedelta(days=1)
    assert not member.opens() and member.levels() == {}


# -- 主担当, 福祉政策課 ----------------------------------------------------------------------------------------------------
def test_whoever_leads_reads_all_and_only_while_it_leads(town: Town) -> None:
    hands_over(town)
    leads = Desk(town, "市民税課")
    assert set(leads.levels().values()) == {"L2"}
    town.rehearsal("new").answers(LIVING, "つなぐシートに回答する", [("回答", "受理")])
    with town.city.store.reading() as c:
        assert leads.sight(c).level("F04", CENTRE) is None and leads.sight(c).level("F03", "jiritsu") == "L1"


def test_the_secretariat_does_not_open_a_case_before_it_has_a_task_of_it(drafting_town: Town) -> None:
    assert not Desk(drafting_town, "福祉政策課", "drafted").opens()


def test_the_secretariat_reads_plan_and_decision_and_keeps_them(supporting_town: Town) -> None:
    after = Desk(supporting_town, "福祉政策課", "decided")
    assert after.opens() and {"F10", "F11", "F12"} <= after.levels().keys() and not {"F01", "F02", "F04", "F05", "F07"} & after.levels().keys()


# -- process owner, administrator ---------------------------------------------------------------------------------------
def test_who_owns_processes_or_runs_the_system_never_opens_a_case(asking_town: Town) -> None:
    owner = asking_town.joins("nagare", "架空 流", process_owner=True)
    runs = asking_town.joins("kanri", "架空 管", administrator=True)
    for person in (owner, runs):
        desk = Desk(asking_town, asking_town.acts(person), "asked")
        assert not desk.opens() and desk.levels() == {} and desk.timeline() == []
        with pytest.raises(NotAllowed):
            cases.record(asking_town.city, asking_town.cases["asked"], "F13", "note", {}, desk.by, "key")


# -- what nobody is shown -----------------------------------------------------------------------------------------------
def test_what_is_restricted_is_shown_to_nobody(asking_town: Town) -> None:
    for who in (CENTRE, "えしこにの長", "地域包括支援センター"):
        with asking_town.city.store.reading() as c:
            sight = Desk(asking_town, who, "asked").sight(c)
            for form in asking_town.city.forms(c).values():
                may = sight.may(form.id, asking_town.by(who).organisation)
                assert not may("L3")
                drawn = forms.show(form, {each.name: "x" for each in form.fields if each.cls == "L3"}, may=lambda level: True)
                assert "x" not in drawn.replace("<", "").split()


def test_an_agency_that_is_asked_reads_only_the_name_of_somebody_who_agreed(asking_town: Town) -> None:
    case, people = asking_town.cases["asked"], store.person
    with asking_town.city.store.reading() as c:
        household = [{**row.data, "id": str(row.id)} for row in c.execute(sa.select(people.c.id, people.c.data).order_by(people.c.id))]
    household[1]["familyName"] = "星影"
    cases.record(asking_town.city, case, "F01P", "people", {"persons": household}, asking_town.by(CENTRE), "rename")
    assert named(asking_town, HEALTH) == named(asking_town, CENTRE) == ["架空さん世帯"]
    consents(asking_town, CENTRE, "長男", HEALTH, case="asked")
    withdraws(asking_town, "asked", "母")
    assert named(asking_town, HEALTH) == ["星影さん世帯"] and named(asking_town, CENTRE)[0] == "架空さん世帯"
    withdraws(asking_town, "asked", "長男")
    assert named(asking_town, HEALTH) == []
    with asking_town.city.store.reading() as c:
        assert access.names(asking_town.city, c, asking_town.by(HEALTH), [case]) == {}


def named(town: Town, who: str) -> list[str]:
    """What the households are called on somebody's list of what there is to do."""
    with town.city.store.reading() as c:
        return [item.household for item in inbox.read(town.city, c, town.by(who), "all").items]


def test_a_concealed_person_is_named_nowhere(town: Town) -> None:
    hidden = "続柄・立場=妻／氏=海原／名=しおり／氏(カナ)=ウナバラ／名(カナ)=シオリ／秘匿事項=DV等支援措置／安全な連絡のしかた=平日の昼だけ"
    own = "続柄・立場=本人／氏=海原／名=なぎさ／秘匿事項=住所秘匿／安全な連絡のしかた=電話だけ"
    hands_over(town, ("本人・世帯の人", hidden), person=own, roles=("本人", "妻"))
    with town.city.store.reading() as c:
        case = town.cases["new"]
        assert access.names(town.city, c, town.by("市民税課"), [case]) == {}
        known = facts.Facts(c, town.city, case, None)
        labels = [choice.label for choice in choices.of(c, town.city, town.by("市民税課"), known).persons]
        scope = answers.Scope(c, town.city, known, None, None, town.by("市民税課"))
        named = [prefill.name_of(scope, row.id) for row in known.people]
    assert labels == ["お名前は伏せています　本人", "お名前は伏せています　妻"]
    assert named == ["お名前は伏せています　本人", "お名前は伏せています　妻"]
    for form in ("F01", "F03"):
        shown = Desk(town, LIVING).reads(form)
        assert not [each for each in ("海原", "しおり", "ウナバラ", "なぎさ", "平日の昼だけ") if each in shown], form


def test_where_a_concealed_person_lives_is_shown_to_nobody(town: Town) -> None:
    hands_over(town, person="続柄・立場=本人／氏=海原／名=なぎさ／住所=架空町1-2-3")
    assert "架空町1-2-3" in Desk(town, "市民税課").reads("F01")
    row = answered(town, "new")[0].data["persons"][0]
    changed = {**{k: v for k, v in row.items() if k not in ("id", "address")}, "confidential": ["dv"], "safe_contact": "電話だけ"}
    keep = {"persons": [{**changed, "id": row["id"]}]}
    cases.record(town.city, town.cases["new"], "F01P", "people", keep, town.by("市民税課"), "hide")
    for who in ("市民税課", LIVING, CENTRE):
        assert "架空町" not in Desk(town, who).reads("F01"), who


# -- withdrawn consent --------------------------------------------------------------------------------------------------
def test_withdrawn_consent_takes_the_open_task_back_at_once_and_ends_reading(asking_town: Town) -> None:
    story = asking_town.rehearsal("asked")
    story.answers(CARE, "把握していることを答える", [("把握している世帯の様子", "週に1回通う。"), ("いまの取組", "見守り")])
    assert len(story.open_tasks(HEALTH, "把握していることを答える")) == 1
    withdraws(asking_town, "asked", "母")
    assert story.open_tasks(HEALTH, "把握していることを答える") == []
    for who in (CARE, HEALTH):
        desk = Desk(asking_town, who, "asked")
        assert not desk.opens() and desk.levels() == {} and desk.timeline() == [], who


def test_withdrawn_from_one_agency_the_others_go_on(drafting_town: Town) -> None:
    story = drafting_town.rehearsal("drafted")
    assert Desk(drafting_town, CARE, "drafted").opens()
    withdraws(drafting_town, "drafted", "母", orgs=(CARE,))
    assert Desk(drafting_town, CARE, "drafted").opens()  # the son still agrees
    withdraws(drafting_town, "drafted", "長男", orgs=(CARE,))
    assert not Desk(drafting_town, CARE, "drafted").opens()
    assert story.open_tasks(CARE, "役割を引き受けられるか答える") == []
    assert len(story.open_tasks(CENTRE, "役割を引き受けられるか答える")) == 1  # 多機関協働 settles what the agency may no longer do
    assert Desk(drafting_town, HEALTH, "drafted").opens() and len(story.open_tasks(HEALTH, "役割を引き受けられるか答える")) == 1


# -- the timeline -------------------------------------------------------------------------------------------------------
def test_an_entry_shows_only_to_those_who_may_read_the_answer_behind_it(asking_town: Town) -> None:
    everything = {entry.answer for entry in Desk(asking_town, CENTRE, "asked").timeline() if entry.answer}
    assert everything == {row.id for row in answered(asking_town, "asked")}
    for who in ("地域包括支援センター", CARE, "市民税課"):
        desk = Desk(asking_town, who, "asked")
        with asking_town.city.store.reading() as c:
            sight = desk.sight(c)
            readable = {row.id for row in answered(asking_town, "asked") if sight.level(row.form, row.organisation)}
        assert {entry.answer for entry in desk.timeline() if entry.answer} == readable, who


# -- own answers --------------------------------------------------------------------------------------------------------
def test_one_corrects_ones_own_answer_only_for_the_office_it_was_given_for(town: Town) -> None:
    receives(town)
    own, elsewhere = town.by("市民税課"), By(town.by("市民税課").person, "fukushi", frozenset({"fukushi"}))
    row = answered(town, "new")[0]
    with town.city.store.reading() as c:
        assert access.may_correct(town.city, c, own, row)
        assert not access.may_correct(town.city, c, elsewhere, row)
        assert not access.may_correct(town.city, c, town.by(CENTRE), row)


# -- writing from the case page ----------------------------------------------------------------------------------------------
def test_a_record_is_taken_from_those_alone_whose_ground_lets_them_write_it(supporting_town: Town) -> None:
    """Asked by another door than the page, the engine says the same: an agency with a role adds its records and nothing else."""
    town, case = supporting_town, supporting_town.cases["decided"]
    record = {"at": town.city.now().isoformat(), "method": "phone", "with_whom": ["person"], "fact": "電話で話した。"}
    withdrawal = {"persons": ["1"], "withdrawn_on": town.city.today.isoformat(), "withdrawn_scope": "all"}
    assert cases.record(town.city, case, "F13", "note", record, town.by(HEALTH), "one").answer
    for who, form, part, data in (
        (HEALTH, "F05", "withdraw", withdrawal), (HEALTH, "F01P", "people", {"persons": []}), ("福祉政策課", "F13", "note", record),
        ("市民税課", "F13", "note", record), (HEALTH, "F10", "draft", {}),
    ):  # fmt: skip
        with pytest.raises(NotAllowed):
            cases.record(town.city, case, form, part, data, town.by(who), f"{who} {form}")
