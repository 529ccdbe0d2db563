"""A case on the screens: received, written to at any time, corrected, printed; and what is said of likely duplicates."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sheets import Paper, errors, same
from visits import Visitor
from werkzeug.test import TestResponse

from engine import duplicates, people, store
from engine.city import City
from engine.people import Person

if TYPE_CHECKING:
    from households import Town

pytest_plugins = ("households",)

SIX = {
    "channel": "visit", "route": "self", "troubles": ["income"], "narrative": "架空の相談。", "emergency": ["none"], "consent_state": "oral",
    "persons-0-familyName": "星空", "persons-0-role": "本人",
}  # fmt: skip
BORN = {"persons-0-birthDate-era": "昭和", "persons-0-birthDate-y": "50", "persons-0-birthDate-m": "1", "persons-0-birthDate-d": "2"}
KANA = {"persons-0-familyNameKana": "ホシゾラ", "persons-0-givenNameKana": "ヒカリ"}
SAID = "該当があります。えしこにへ確かめてください。"


@pytest.fixture
def city(town: Town) -> City:
    return town.city


class Office:
    """The town at its screens."""

    def __init__(self, town: Town, app: Flask) -> None:
        self.town, self.app = town, app

    def of(self, who: str | Person) -> Visitor:
        visitor = self.app.test_client()
        assert isinstance(visitor, Visitor)
        return visitor.signed_in_as(self.town.person(who) if isinstance(who, str) else who)

    def new(self, who: str | Person = "市民税課", **typed: Any) -> Paper:
        return Paper.at(self.of(who), "/cases/new").types({**SIX, **typed})

    def rows(self, table: sa.Table, *where: sa.ColumnElement[bool]) -> list[Any]:
        with self.town.city.store.reading() as c:
            return list(c.execute(sa.select(table).where(*where).order_by(*table.primary_key.columns)))

    def cases(self) -> int:
        return len(self.rows(store.case))

    def asked(self) -> list[Any]:
        return self.rows(store.access_log, store.access_log.c.what == "duplicate-check")

    def answer(self, form: str, name: str = "new") -> Any:
        case = self.town.cases[name]
        return self.rows(store.answer, store.answer.c.case == case, store.answer.c.form == form)[-1]

    def receives(self, *persons: str) -> str:
        return self.town.receives("市民税課", *(persons or ("続柄・立場=本人／氏=星空／名=ひかり",)))


@pytest.fixture
def office(town: Town, app: Flask) -> Office:
    return Office(town, app)


# -- 受付 ----------------------------------------------------------------------------------------------------------------
def test_six_required_fields_are_enough(office: Office) -> None:
    before = office.cases()
    paper = office.new()
    answer = paper.presses()
    assert answer.status_code == 303 and answer.location.startswith("/tasks/")
    assert office.cases() == before + 1
    case = office.rows(store.case)[-1]
    page = paper.visitor.get("/").text
    assert f"{case.number} として受け付けました。" in page and "星空さん世帯" in page


def test_only_whoever_may_receive_is_offered_to_receive(office: Office) -> None:
    offer, anybody = "新しい相談を受け付ける", office.of("市民税課")
    assert offer in anybody.get("/").text and offer in anybody.get("/search?q=だれでもない").text
    nobody = office.of(office.town.joins("kanri", "架空 かんり", administrator=True))
    assert offer not in nobody.get("/").text and offer not in nobody.get("/search?q=だれでもない").text
    assert nobody.get("/cases/new").status_code == 404


def test_errors_keep_what_was_typed_and_no_case_is_made(office: Office) -> None:
    before = office.cases()
    paper = office.new(channel=None, narrative="長い話。")
    answer = paper.presses()
    assert answer.status_code == 422 and any("「相談方法」" in each for each in errors(answer))
    assert paper.again(answer).data["narrative"] == "長い話。" and paper.again(answer).data["persons-0-familyName"] == "星空"
    assert office.cases() == before


def test_pressing_twice_opens_one_case(office: Office) -> None:
    before = office.cases()
    paper = office.new()
    assert paper.presses().status_code == 303 and paper.presses().status_code == 303
    assert office.cases() == before + 1


def test_a_draft_of_a_new_case_comes_back_and_is_gone_once_received(office: Office) -> None:
    assert office.new(narrative="電話が切れた。").presses("save").status_code == 303
    again = Paper.at(office.of("市民税課"), "/cases/new")
    assert again.data["narrative"] == "電話が切れた。"
    assert again.types(SIX).presses().status_code == 303
    assert office.rows(store.form_draft) == []


# -- duplicates ---------------------------------------------------------------------------------------------------------
def knows(office: Office, more: str = "／生年月日=1975-01-02") -> None:
    office.town.receives(
        "福祉課", f"続柄・立場=本人／氏=星空／名=ひかり／氏(カナ)=ホシゾラ／名(カナ)=ヒカリ{more}", name="known"
    )


def test_a_likely_duplicate_is_said_once_and_no_more_than_that(office: Office) -> None:
    knows(office)
    before, paper = office.cases(), office.new(**KANA, **BORN)
    warned = paper.presses()
    assert SAID in warned.text and office.cases() == before
    notice = re.search(r'<section class="notice notice--warn".*?</section>', warned.text, re.DOTALL)
    assert notice is not None
    for kept in (office.town.number("known"), "福祉課", "星空", "ひかり", "ホシゾラ"):
        assert kept not in notice[0], kept
    assert office.town.number("known") not in warned.text
    (asked,) = office.asked()
    assert (asked.person, asked.organisation, asked.level) == (office.town.person("市民税課").id, "zeimu", "L0")
    assert paper.again(warned).presses().status_code == 303 and office.cases() == before + 1


@pytest.mark.parametrize("known", ["／住所=架空町1-2", "／住所=架空町１－２"])
def test_the_address_does_as_well_as_the_birth_date(office: Office, known: str) -> None:
    knows(office, known)
    assert SAID in office.new(**KANA, **{"persons-0-address": "架空町1-2"}).presses().text


@pytest.mark.parametrize("typed", [KANA, BORN, {}, {"persons-0-address": "架空町1-2"}])
def test_without_kana_and_birth_date_or_address_nobody_is_asked_for(office: Office, typed: dict[str, str]) -> None:
    knows(office)
    assert office.new(**typed).presses().status_code == 303
    assert office.asked() == []


def test_a_concealed_person_is_no_duplicate(office: Office) -> None:
    knows(office, "／生年月日=1975-01-02／秘匿事項=DV等支援措置／安全な連絡のしかた=平日の昼")
    assert office.new(**KANA, **BORN).presses().status_code == 303
    assert len(office.asked()) == 1  # the question is logged all the same


def test_who_asks_too_often_is_answered_no_more_that_day_and_receives_all_the_same(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duplicates, "MOST_A_DAY", 2)
    knows(office)
    for _ in range(2):
        assert SAID in office.new(**KANA, **BORN).presses().text
    before, third = office.cases(), office.new(**KANA, **BORN)
    refused = third.presses()
    assert SAID not in refused.text and "もう確かめられません（1日2人まで）" in refused.text and office.cases() == before
    assert third.again(refused).data["narrative"] == SIX["narrative"]
    assert third.again(refused).presses().status_code == 303 and office.cases() == before + 1
    assert SAID in office.new("福祉課", **KANA, **BORN).presses().text  # somebody else may ask
    office.town.clock.moment += timedelta(days=1)
    assert SAID in office.new(**KANA, **BORN).presses().text
    assert len(office.rows(store.access_log, store.access_log.c.what == duplicates.REFUSED)) == 1


def test_every_person_who_is_compared_counts(office: Office) -> None:
    paper = office.new(**KANA, **BORN)
    paper = paper.again(paper.presses("add:persons"))
    paper.types({name.replace("-0-", "-1-"): typed for name, typed in {**KANA, **BORN}.items()})
    paper.types({"persons-1-familyName": "海原", "persons-1-role": "母"}).presses()
    assert len(office.asked()) == 2


# -- written from the case page -----------------------------------------------------------------------------------------
def test_a_record_a_consent_and_a_withdrawal_are_written_at_any_time(office: Office) -> None:
    number = office.receives()
    record = Paper.at(office.of("市民税課"), f"/cases/{number}/record")
    answer = record.types({"method": "phone", "with_whom": ["person"], "fact": "電話で話した。"}).presses()
    assert (answer.status_code, answer.location) == (303, f"/cases/{number}"), errors(answer)
    assert office.answer("F13").data["fact"] == "電話で話した。"
    consent = Paper.at(office.of("市民税課"), f"/cases/{number}/consent")
    person = consent.offers("persons")[0]
    answer = consent.types({"persons": [person], "answer": "agreed", "steps": ["continue"], "method": "signed"}).presses()
    assert answer.status_code == 303, errors(answer)
    assert "同意した" in record.visitor.get(f"/cases/{number}").text
    withdrawal = Paper.at(office.of("市民税課"), f"/cases/{number}/consent?withdraw=1")
    answer = withdrawal.types({"persons": [person], "withdrawn_scope": "all"}).presses()
    assert answer.status_code == 303, errors(answer)
    assert "撤回されました" in record.visitor.get(f"/cases/{number}").text
    assert [row.answer for row in office.rows(store.consent, store.consent.c.replaced_at.is_(None))][-1] == "refused"


@pytest.mark.parametrize("asked", ["consent", "consent?withdraw=1"])
def test_a_consent_of_a_household_without_persons_leads_over_the_persons(office: Office, asked: str) -> None:
    nobody = {name: None for name in SIX if name.startswith("persons-")}
    assert office.new(**nobody).presses().status_code == 303
    number, me = office.rows(store.case)[-1].number, office.of("市民税課")
    led = me.get(f"/cases/{number}/{asked}")
    assert led.status_code == 303 and led.location.startswith(f"/cases/{number}/people?then=")
    page = Paper.at(me, led.location)
    assert "まだ世帯の人が書かれていません" in me.get(led.location).text
    answer = page.types({"persons-0-role": "本人", "persons-0-familyName": "星空"}).presses()
    assert (answer.status_code, answer.location) == (303, f"/cases/{number}/{asked}")
    assert Paper.at(me, answer.location).offers("persons")


def test_after_the_persons_nobody_is_led_to_another_site(office: Office) -> None:
    number = office.receives()
    answer = Paper.at(office.of("市民税課"), f"/cases/{number}/people?then=https://example.com/").presses()
    assert (answer.status_code, answer.location) == (303, "/")


def test_a_row_more_on_a_withdrawal_stays_a_withdrawal(office: Office) -> None:
    number = office.receives()
    page = office.of("市民税課").get(f"/cases/{number}/consent?withdraw=1").text
    assert 'formaction="/cases/' in page and f'formaction="/cases/{number}/consent#' not in page


def test_a_record_with_an_error_keeps_what_was_typed(office: Office) -> None:
    number = office.receives()
    paper = Paper.at(office.of("市民税課"), f"/cases/{number}/record")
    answer = paper.types({"fact": "途中まで書いた。", "method": None}).presses()
    assert answer.status_code == 422 and errors(answer)
    assert paper.again(answer).data["fact"] == "途中まで書いた。"


def test_persons_are_corrected_and_completed_and_what_is_hidden_stays(office: Office) -> None:
    number = office.receives("続柄・立場=本人／氏=星空／名=ひかり／利用中の制度など=生活保護")
    paper = Paper.at(office.of("市民税課"), f"/cases/{number}/people")
    assert paper.data["persons-0-familyName"] == "星空"
    answer = paper.types({**KANA, "persons-0-familyName": "星宮"}).presses()
    assert answer.status_code == 303, errors(answer)
    (row,) = office.rows(
        store.person, store.person.c.id.in_(sa.select(store.household_member.c.person).join(
            store.case, store.case.c.household == store.household_member.c.household).where(store.case.c.number == number))
    )  # fmt: skip
    assert (row.data["familyName"], row.data["givenName"], row.kana_key) == ("星宮", "ひかり", "ホシゾラヒカリ")
    assert row.data["status_tags"] == ["seiho"]
    assert "星宮さん世帯" in office.of("市民税課").get(f"/cases/{number}").text


def test_the_page_of_persons_does_not_name_who_is_concealed(office: Office) -> None:
    number = office.town.receives(
        "市民税課", "続柄・立場=本人／氏=星空／名=ひかり", "続柄・立場=母／氏=海原／名=しおり／秘匿事項=DV等支援措置／安全な連絡のしかた=昼だけ"
    )  # fmt: skip
    esikoni = office.of("えしこに")  # reads L1 until it is asked
    for path in ("people", "consent", "record"):
        page = esikoni.get(f"/cases/{number}/{path}")
        assert page.status_code == 200
        assert not [each for each in ("海原", "しおり") if each in page.text], path
    assert not [each for each in ("海原", "しおり") if each in esikoni.get(f"/cases/{number}").text]
    before = len(office.rows(store.person))
    assert Paper.at(esikoni, f"/cases/{number}/people").presses().status_code == 303
    assert len(office.rows(store.person)) == before
    hidden = [row for row in office.rows(store.person) if row.concealed]
    assert [row.data["familyName"] for row in hidden] == ["海原"]


def test_two_children_whose_names_are_hidden_are_told_apart(office: Office) -> None:
    hidden = "秘匿事項=DV等支援措置／安全な連絡のしかた=昼だけ"
    number = office.town.receives(
        "市民税課", "続柄・立場=本人／氏=星空／名=ひかり", *(f"続柄・立場=子／氏=星空／名={name}／{hidden}" for name in ("あかり", "ともり"))
    )  # fmt: skip
    page = office.of("市民税課").get(f"/cases/{number}/record").text
    for label in ("お名前は伏せています　子（1人目）", "お名前は伏せています　子（2人目）"):
        assert page.count(label) == 1, label
    assert "星空ひかり　本人" in page and "本人（1人目）" not in page and "あかり" not in page


# -- correcting ---------------------------------------------------------------------------------------------------------
def test_an_own_answer_is_corrected_with_its_reason_and_the_old_one_stays(office: Office) -> None:
    number = office.receives()
    me = office.of("市民税課")
    assert Paper.at(me, f"/cases/{number}/record").types({"method": "phone", "with_whom": ["person"], "fact": "電話した。"}).presses().status_code == 303
    old = office.answer("F13")
    paper = Paper.at(me, f"/cases/answers/{old.id}/correct").types({"fact": "二度電話した。"})
    refused = paper.presses()
    assert refused.status_code == 422 and "直す理由を書いてください。" in refused.text
    answer = paper.again(refused).types({"reason": "回数の書きまちがい"}).presses()
    new = office.answer("F13")
    assert (answer.status_code, answer.location) == (303, f"/cases/answers/{new.id}")
    assert (new.corrects, new.reason, new.data["fact"]) == (old.id, "回数の書きまちがい", "二度電話した。")
    page = me.get(answer.location).text
    assert "回数の書きまちがい" in page and "二度電話した。" in page
    assert "電話した。" in me.get(f"/cases/answers/{old.id}").text
    corrected = me.get(f"/cases/answers/{old.id}/correct")
    assert corrected.status_code == 409 and "新しい記録を直してください" in corrected.text


def test_who_corrects_what_was_corrected_meanwhile_reads_why_not_and_loses_nothing_typed(office: Office) -> None:
    number = office.receives()
    me = office.of("市民税課")
    Paper.at(me, f"/cases/{number}/record").types({"method": "phone", "with_whom": ["person"], "fact": "電話した。"}).presses()
    old = office.answer("F13")
    late = Paper.at(me, f"/cases/answers/{old.id}/correct").types({"fact": "三度電話した。", "reason": "回数の書きまちがい"})
    Paper.at(me, f"/cases/answers/{old.id}/correct").types({"fact": "二度電話した。", "reason": "書きまちがい"}).presses()
    answer = late.presses()
    assert answer.status_code == 409 and "新しい記録を直してください" in answer.text
    assert "三度電話した。" in answer.text and "回数の書きまちがい" in answer.text
    assert office.answer("F13").data["fact"] == "二度電話した。"


def test_an_own_answer_that_a_later_one_followed_says_why_it_is_not_corrected(office: Office) -> None:
    office.town.rehearsal("on_the_agenda").answers("えしこに", "会議でのプランの結論を記録する", [("開き方", "延期した")])
    agenda = [row for row in office.rows(store.answer, store.answer.c.form == "F11") if row.part == "agenda"][-1]
    page = office.of("えしこに").get(f"/cases/answers/{agenda.id}").text
    assert "これは直せません" in page and f"/cases/answers/{agenda.id}/correct" not in page


def test_whoever_wrote_is_named_also_to_another_organisation_and_after_they_left(office: Office) -> None:
    number, writer = office.receives(), office.town.person("市民税課")
    first = office.answer("F01")
    assert first.data["received_by"] == str(writer.id)
    for who, page in (("えしこに", ""), ("えしこに", "/paper"), ("市民税課の長", "")):
        shown = office.of(who).get(f"/cases/answers/{first.id}{page}").text
        assert re.search(rf"受付者</\w+>(\s*<[^>]+>)*\s*{writer.name}", shown), (who, page)
    people.deactivate(office.town.city.store, writer.id, office.town.city.today)
    assert writer.name in office.of("市民税課の長").get(f"/cases/answers/{first.id}").text
    assert number in office.of("市民税課の長").get(f"/cases/{number}").text


def test_a_meeting_that_is_over_is_still_named_by_its_day(office: Office) -> None:
    answer = next(row for row in office.rows(store.answer) if "meeting" in row.data)
    office.town.clock.moment += timedelta(days=60)
    shown = office.of("えしこに").get(f"/cases/answers/{answer.id}").text
    assert "令和8年5月14日（定例）" in shown


def test_an_answer_of_somebody_else_is_not_corrected(office: Office) -> None:
    office.receives()
    colleague, first = office.town.joins("tonari", "架空 となり", "zeimu"), office.answer("F01")
    assert office.of(colleague).get(f"/cases/answers/{first.id}").status_code == 200
    assert office.of(colleague).get(f"/cases/answers/{first.id}/correct").status_code == 404
    assert office.of("福祉課").get(f"/cases/answers/{first.id}").status_code == 404
    assert same(office.of("福祉課").get(f"/cases/answers/{first.id}")) == same(office.of("福祉課").get("/cases/answers/99999"))


def test_a_case_that_one_may_not_open_looks_like_one_that_is_not_there(office: Office) -> None:
    number, other = office.receives(), office.of("福祉課")
    for path in ("", "/record", "/consent", "/people"):
        hidden, missing = other.get(f"/cases/{number}{path}"), other.get(f"/cases/2026-99999{path}")
        assert hidden.status_code == missing.status_code == 404
        assert same(hidden) == same(missing), path


def test_a_meeting_that_is_over_can_still_be_chosen_where_its_conclusion_is_missing(office: Office) -> None:
    office.town.rehearsal("on_the_agenda").days_pass(3)
    agenda = office.answer("F11", "on_the_agenda")
    paper = Paper.at(office.of("えしこに"), f"/cases/answers/{agenda.id}/correct").types({"point": "諮ることを書き直した。", "reason": "書きまちがい"})
    assert paper.presses().status_code == 303
    new = office.answer("F11", "on_the_agenda")
    assert (new.data["meeting"], new.data["point"]) == (agenda.data["meeting"], "諮ることを書き直した。")


# -- printing -----------------------------------------------------------------------------------------------------------
def printed(answer: TestResponse) -> str:
    assert answer.status_code == 200
    return answer.text


def test_what_is_signed_is_printed_in_one_go_with_what_belongs_to_it(office: Office) -> None:
    centre = office.of("えしこに")
    for form, said in (("F10", "利用を申し込みます"), ("F05", "同意"), ("F03", "つなぐシート")):
        page = printed(centre.get(f"/cases/answers/{office.answer(form, 'on_the_agenda').id}/paper"))
        assert said in page and office.town.number("on_the_agenda") in page, form
    plan = printed(centre.get(f"/cases/answers/{office.answer('F10', 'on_the_agenda').id}/paper"))
    assert "受診の付き添い" in plan and plan.count('<article class="paper') > 1  # the agencies' answers behind the plan
    assert "本人(自署)" in plan


# -- pressing -----------------------------------------------------------------------------------------------------------
def test_an_early_review_is_asked_for_by_whoever_leads_and_by_nobody_else(supporting_town: Town) -> None:
    from visits import screens_of

    office = Office(supporting_town, screens_of(supporting_town.city))
    number = supporting_town.number("decided")
    supporting_town.rehearsal("decided").answers("えしこに", "モニタリングをする", [("見られた変化", "医療機関受診開始")])
    link = re.search(rf"/cases/{number}/press/[^\"]+", office.of("えしこに").get(f"/cases/{number}").text)
    assert link is not None
    for who in ("地域包括支援センター", "健康対策課(地区担当保健師)", "福祉政策課"):
        assert "/press/" not in office.of(who).get(f"/cases/{number}").text
        assert office.of(who).get(link[0]).status_code == 404 and office.of(who).sends(link[0]).status_code == 404
    answer = Paper.at(office.of("えしこに"), link[0]).presses()
    assert (answer.status_code, answer.location) == (303, f"/cases/{number}")
    assert supporting_town.task("decided", "モニタリングをする")
