"""What the page of a case shows to whom, box by box, and what may be written from it: the table of blueprint section 10 on the screen."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from desks import text
from flask import Flask
from sheets import Paper, errors, same
from visits import Visitor, screens_of

from engine.people import Person

if TYPE_CHECKING:
    from households import Town

pytest_plugins = ("households",)

CENTRE, RECEIVED, HEALTH, SANKA = "えしこに", "地域包括支援センター", "健康対策課(地区担当保健師)", "参加支援(えしこに)"
CARE, SECRETARIAT, STRANGER = "居宅介護支援事業所(ケアマネジャー)", "福祉政策課", "市民税課"
ALWAYS = {"いまの状態", "いま開いているやること", "できごと", "書かれたもの", "世帯", "進んでいる業務の流れ", "やりとり", "書類"}
WRITTEN_AT = {"record": "経過記録を書く", "consent": "同意を記録する", "people": "直す・書き足す"}
HIDDEN_NAME = "お名前は伏せています"
SAFE = "平日の昼に妹さんへ"


class Desk:
    """Somebody of a town who looks at one of its cases."""

    def __init__(self, town: Town, case: str, who: str | Person, app: Flask | None = None) -> None:
        self.town, self.number, self.app = town, town.number(case), app or screens_of(town.city)
        self.who = town.person(who) if isinstance(who, str) else who

    @property
    def visitor(self) -> Visitor:
        visitor = self.app.test_client()
        assert isinstance(visitor, Visitor)
        return visitor.signed_in_as(self.who)

    def page(self, path: str = "") -> str:
        answer = self.visitor.get(f"/cases/{self.number}{path}")
        assert answer.status_code == 200, answer.text
        return answer.text

    def boxes(self) -> dict[str, str]:
        """The boxes of the page by their titles, with what a person reads in them."""
        found = re.findall(r"<h2[^>]*>(.*?)</h2>(.*?)(?=<h2|</main)", self.page(), re.DOTALL)
        return {text(title).split(" ")[0]: text(body) for title, body in found}

    def offers(self) -> set[str]:
        """What may be written from the page; each of it opens, and nothing else does."""
        page = self.page()
        offered = {place for place, said in WRITTEN_AT.items() if f"/cases/{self.number}/{place}" in page and said in page}
        opens = {place for place in WRITTEN_AT if self.status(f"/{place}") == 200}
        assert offered == opens
        return offered

    def status(self, path: str = "") -> int:
        """200, or a 404 that looks like that of a case which is not there."""
        answer = self.visitor.get(f"/cases/{self.number}{path}")
        if answer.status_code == 404:
            assert same(answer) == same(self.visitor.get(f"/cases/2026-99999{path}"))
        return answer.status_code


def receives(town: Town, *persons: str) -> None:
    town.receives(STRANGER, *persons)


# -- box by box ---------------------------------------------------------------------------------------------------------
def test_whoever_leads_and_coordinates_sees_every_box_and_may_write_everything(supporting_town: Town) -> None:
    desk = Desk(supporting_town, "decided", CENTRE)
    boxes = desk.boxes()
    assert boxes.keys() == ALWAYS | {"支援プラン", "同意"}
    assert "架空母" in boxes["世帯"] and "架空長男" in boxes["世帯"]
    for form in ("インテーク・アセスメントシート", "事前準備シート", "多機関協働プラン", "支援決定", "同意書", "重層的支援会議 記録"):
        assert form in boxes["書かれたもの"], form
    assert "モニタリングをする" in boxes["いま開いているやること"]
    assert desk.offers() == {"record", "consent", "people"}


def test_the_counter_that_received_sees_how_it_stands_and_what_it_wrote_but_neither_plan_nor_assessment(supporting_town: Town) -> None:
    desk = Desk(supporting_town, "decided", RECEIVED)
    boxes = desk.boxes()
    assert boxes.keys() == ALWAYS | {"同意"}
    assert "実施・モニタリング" in boxes["いまの状態"] and "相談受付票" in boxes["書かれたもの"] and "つなぐシート" in boxes["書かれたもの"]
    for form in ("インテーク", "プラン", "支援決定", "会議 記録", "事前準備"):
        assert form not in boxes["書かれたもの"], form
    assert "モニタリングをする" not in boxes["いま開いているやること"] and "支援決定を知らせる" not in boxes["できごと"]
    assert desk.offers() == {"record", "consent", "people"}


def test_the_centre_sees_what_was_received_before_anybody_asked_it(town: Town) -> None:
    receives(town, "続柄・立場=本人／氏=星空／名=ひかり")
    desk = Desk(town, "new", CENTRE)
    assert desk.boxes().keys() == ALWAYS | {"同意"}
    assert "星空 ひかり" in desk.boxes()["世帯"]
    assert desk.offers() == {"record", "consent", "people"}


def test_the_secretariat_sees_what_it_decides_on_and_neither_consents_nor_records(supporting_town: Town) -> None:
    desk = Desk(supporting_town, "decided", SECRETARIAT)
    boxes = desk.boxes()
    assert boxes.keys() == ALWAYS | {"支援プラン"}
    for form in ("インテーク", "同意書", "支援経過記録", "相談受付票", "事前準備"):
        assert form not in boxes["書かれたもの"], form
    assert desk.offers() == set()


def test_an_agency_with_a_role_reads_the_whole_plan_once_it_is_decided_and_adds_its_records(supporting_town: Town) -> None:
    desk = Desk(supporting_town, "decided", HEALTH)
    boxes = desk.boxes()
    assert boxes.keys() == ALWAYS | {"支援プラン"}
    assert "受診の付き添い" in boxes["支援プラン"] and "サービスの調整" in boxes["支援プラン"]
    for form in ("インテーク", "同意書", "相談受付票", "重層的支援会議 記録"):
        assert form not in boxes["書かれたもの"], form
    assert desk.offers() == {"record"}


def test_before_the_decision_an_agency_with_a_role_sees_its_own_part_and_those_who_agreed_that_it_may_know(drafting_town: Town) -> None:
    health, sanka = Desk(drafting_town, "drafted", HEALTH), Desk(drafting_town, "drafted", SANKA)
    assert "受診の付き添い" in health.boxes()["支援プラン"] and "サービスの調整" not in health.boxes()["支援プラン"]
    assert "古本整理" in sanka.boxes()["支援プラン"] and "受診の付き添い" not in sanka.boxes()["支援プラン"]
    assert "母" in health.boxes()["世帯"] and "長男" in sanka.boxes()["世帯"]
    assert "母" not in sanka.boxes()["世帯"]  # she did not name it
    assert "同意" not in sanka.boxes() and sanka.offers() == {"record"}
    assert "母" not in text(sanka.page("/record"))


def test_who_was_only_asked_does_its_task_and_opens_no_case(asking_town: Town) -> None:
    desk = Desk(asking_town, "asked", CARE)
    assert desk.status() == 404
    (link,) = set(re.findall(r"/tasks/[\w:.-]+", desk.visitor.get("/").text))
    assert "把握していることを答える" in desk.visitor.get(link).text
    for path in ("/record", "/consent", "/people"):
        assert desk.status(path) == 404


def test_when_a_consent_is_withdrawn_the_agency_sees_nothing_any_more(supporting_town: Town) -> None:
    desk = Desk(supporting_town, "decided", SANKA)
    assert desk.status() == 200
    rows = [("だれの撤回か", "長男"), ("撤回の範囲", "一部の機関"), ("撤回された機関", f"機関={SANKA}")]
    supporting_town.rehearsal("decided").records_called(CENTRE, "撤回", rows)
    assert desk.status() == 404


def test_the_head_of_an_office_sees_what_the_office_sees_and_the_head_of_another_nothing(supporting_town: Town) -> None:
    assert Desk(supporting_town, "decided", f"{HEALTH}の長").boxes().keys() == Desk(supporting_town, "decided", HEALTH).boxes().keys()
    assert Desk(supporting_town, "decided", "長寿社会課の長").status() == 404


def test_an_administrator_and_a_process_owner_and_a_stranger_see_no_case(supporting_town: Town) -> None:
    town, app = supporting_town, screens_of(supporting_town.city)
    nobody = [town.joins("kanri", "架空 管理", administrator=True), town.joins("nagare", "架空 流れ", process_owner=True), town.person(STRANGER)]
    for person in nobody:
        desk = Desk(town, "decided", person, app)
        assert [desk.status(path) for path in ("", "/record", "/consent", "/people")] == [404] * 4, person.name


# -- those who are concealed ---------------------------------------------------------------------------------------------
def test_how_to_reach_somebody_concealed_is_said_to_those_alone_who_may_know_where_they_are(town: Town) -> None:
    receives(
        town, "続柄・立場=本人／氏=星空／名=ひかり／安全な連絡のしかた=夜の電話",
        f"続柄・立場=母／氏=海原／名=しおり／秘匿事項=DV等支援措置／安全な連絡のしかた={SAFE}",
    )  # fmt: skip
    leads, before = Desk(town, "new", STRANGER), Desk(town, "new", CENTRE)
    assert SAFE in leads.page() and "海原" in leads.page()
    assert SAFE not in before.page() and "海原" not in before.page() and HIDDEN_NAME in before.boxes()["世帯"]
    assert "夜の電話" in before.page()


def test_what_others_wrote_of_the_household_is_drawn_only_where_it_may_be_read(town: Town) -> None:
    receives(town, "続柄・立場=本人／氏=星空／名=ひかり／利用中の制度など=生活保護")
    leads, before = Desk(town, "new", STRANGER), Desk(town, "new", CENTRE)
    assert "利用中の制度など" in text(leads.page("/people")) and "利用中の制度など" not in text(before.page("/people"))
    paper = Paper.at(before.visitor, f"/cases/{before.number}/people")
    answer = paper.types({"persons-0-familyName": "星宮"}).presses()
    assert answer.status_code == 303, errors(answer)
    assert "生活保護" in text(leads.page("/people")) or 'value="seiho" checked' in leads.page("/people")


def test_a_form_that_is_not_offered_is_not_taken_either(supporting_town: Town) -> None:
    desk = Desk(supporting_town, "decided", HEALTH)
    for path in ("/consent", "/people", "/consent?withdraw=1"):
        assert desk.visitor.sends(f"/cases/{desk.number}{path}", {"do": "complete", "key": "x"}).status_code == 404, path


def test_an_own_answer_is_corrected_without_naming_somebody_who_was_concealed_since(supporting_town: Town) -> None:
    town = supporting_town
    received, leads = Desk(town, "decided", RECEIVED), Desk(town, "decided", CENTRE)
    assert Paper.at(received.visitor, f"/cases/{received.number}/people").types({"persons-0-givenName": "しおり"}).presses().status_code == 303
    concealing = Paper.at(leads.visitor, f"/cases/{leads.number}/people")
    first = concealing.offers("persons-0-confidential")[0]
    answer = concealing.types({"persons-0-confidential": [first], "persons-0-safe_contact": SAFE}).presses()
    assert answer.status_code == 303, errors(answer)
    written = received.page()
    written = written[written.index("written-h") :]
    theirs, mine = re.findall(r"/cases/answers/\d+", written)[:2]
    assert "しおり" not in received.visitor.get(theirs).text
    assert "しおり" not in received.visitor.get(mine).text
    paper = Paper.at(received.visitor, f"{mine}/correct")
    assert not [each for each in ("しおり", SAFE) if each in received.visitor.get(f"{mine}/correct").text]
    answer = paper.types({"persons-0-givenName": "はじめ", "reason": "名前の書きまちがい"}).presses()
    assert answer.status_code == 303, errors(answer)
    assert "しおり" in leads.page() and "はじめ" in leads.page()
