"""職員と組織 on screen: who is listed and found, who joins, leaves and comes back, first passwords, what nobody would receive."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

import pytest
from flask import Flask
from visits import PASSWORD, Screen, Staff, Visitor, screens_of
from werkzeug.test import TestResponse

from engine import assignments, people
from engine.city import City
from engine.errors import Refusal
from engine.people import Person

if TYPE_CHECKING:
    from households import Town

pytest_plugins = ("households",)


@pytest.fixture
def admin(staff: Staff) -> Person:
    return staff.joins("kanri", "管理 みなと", (), administrator=True, kana="カンリ ミナト")


@pytest.fixture
def sakura(staff: Staff) -> Person:
    return staff.joins("harukaze", "春風 さくら", ("esikoni",), kana="ハルカゼ サクラ")


class Office:
    """The administrator's page of people."""

    def __init__(self, app: Flask, admin: Person) -> None:
        self.app, self.admin = app, admin
        self.visitor = self.of(admin)

    def of(self, person: Person) -> Visitor:
        visitor = self.app.test_client()
        assert isinstance(visitor, Visitor)
        return visitor.signed_in_as(person)

    def page(self, path: str = "/people") -> str:
        answer = self.visitor.get(path)
        assert answer.status_code == 200
        return answer.text.partition("<main")[2]

    def names(self, path: str = "/people") -> list[str]:
        """Who is listed, in order."""
        return re.findall(r'id="person-\d+"><td role="cell"><strong>(.*?)</strong>', self.page(path))

    def row(self, person: Person) -> str:
        return self.page().partition(f'id="person-{person.id}"')[2].partition("</tr>")[0]

    def adds(self, **typed: str) -> TestResponse:
        return self.visitor.sends("/people", {"name": "虹橋 ゆう", "kana": "ニジハシ ユウ", "login": "nijihashi", "group": "esikoni", **typed})

    def does(self, person: Person, what: str, **sent: str) -> str:
        """Press a button in somebody's row; gives the page that it leads to."""
        answer = self.visitor.sends(f"/people/{person.id}/{what}", {"next": "/people", **sent})
        assert answer.status_code == 303, answer.text
        return self.page(answer.location)


@pytest.fixture
def office(app: Flask, admin: Person) -> Office:
    return Office(app, admin)


def first_password(answer: TestResponse) -> str:
    found = re.search(r"最初のパスワード：<strong>([^<]+)</strong>", answer.text)
    assert found, answer.text
    return found[1]


def groups(city: City, person: Person) -> set[str]:
    return set(people.groups_of(city.store, person.id, city.today))


# Who may


def test_the_page_is_there_for_administrators_only(office: Office, sakura: Person, staff: Staff) -> None:
    owner = staff.joins("sekkei", "設計 あおい", ("esikoni", "esikoni.head"), process_owner=True)
    assert office.visitor.get("/people").status_code == 200
    for person in (sakura, owner):
        visitor = office.of(person)
        assert visitor.get("/people").status_code == 404 and "職員と組織" not in visitor.get("/account").text
        for path in ("", f"/{sakura.id}/join", f"/{sakura.id}/leave", f"/{sakura.id}/deactivate", f"/{sakura.id}/reset"):
            assert visitor.sends(f"/people{path}", {"group": "esikoni.head"}).status_code == 404
    assert set(office.names()) == {"管理 みなと", "設計 あおい", "春風 さくら"}
    assert groups(staff.city, sakura) == {"esikoni"}


def test_nobody_is_let_in_without_signing_in(app: Flask) -> None:
    answer = app.test_client().get("/people")
    assert answer.status_code == 303 and "/sign-in" in answer.location


# The list


def test_everybody_is_listed_by_reading_with_groups_and_what_they_are(office: Office, sakura: Person, staff: Staff) -> None:
    staff.joins("nijihashi", "虹橋 ゆう", ("esikoni", "esikoni.head"), kana="ニジハシ ユウ")
    staff.joins("asanagi", "朝凪 ひより", (), kana="アサナギ ヒヨリ", process_owner=True)
    assert office.names() == ["朝凪 ひより", "管理 みなと", "虹橋 ゆう", "春風 さくら"]
    page = office.page()
    assert "システム管理者" in page and "業務の流れの担当者" in page and "えしこにの長" in page and "4人" in page


@pytest.mark.parametrize("who", ["さくら", "ハルカゼ", "はるかぜ", "ﾊﾙｶｾﾞ", "春風さくら", "harukaze", "HARU", "春風　さ"])
def test_a_person_is_found_by_name_reading_or_login(office: Office, sakura: Person, who: str) -> None:
    assert office.names(f"/people?who={who}") == ["春風 さくら"]


def test_nobody_found_is_said_with_what_to_do(office: Office, sakura: Person) -> None:
    page = office.page("/people?who=%25")
    assert "その条件の人はいません" in page and "氏名・カナ・利用者IDの一部でさがせます。" in page


def test_the_list_is_narrowed_to_one_organisation_with_counts(office: Office, sakura: Person, staff: Staff) -> None:
    staff.joins("zeimu1", "霧島 しずか", ("zeimu", "zeimu.head"))
    assert office.names("/people?office=esikoni") == ["春風 さくら"]
    assert office.names("/people?office=zeimu") == ["霧島 しずか"]
    assert office.names("/people?office=none") == ["管理 みなと"]
    page = office.page("/people?office=zeimu&who=春風")
    assert "その条件の人はいません" in page and '<input type="hidden" name="office" value="zeimu">' in page
    assert re.search(r'href="/people\?office=esikoni&amp;who=[^"]+"><span>えしこに</span> <span class="count">1<', page)
    assert "― zeimu" not in page  # the footer names the city's office, not the one asked for
    assert re.search(r'aria-current="true"><span>市民税課</span> <span class="count">0<', page)


def test_a_long_list_comes_in_pages_that_keep_what_was_asked(office: Office, staff: Staff) -> None:
    for n in range(60):
        staff.joins(f"person{n:02}", f"架空 {n:02}", ("zeimu",), kana=f"カクウ {n:02}")
    first, second = office.names("/people?office=zeimu"), office.names("/people?office=zeimu&page=2")
    assert [*first, *second] == [f"架空 {n:02}" for n in range(60)] and len(first) == 50
    assert 'href="/people?page=2&amp;office=zeimu"' in office.page("/people?office=zeimu")


# Somebody new


def test_somebody_new_signs_in_with_the_password_that_is_shown_once(office: Office, city: City) -> None:
    answer = office.adds()
    password = first_password(answer)
    assert answer.status_code == 200 and "虹橋 ゆうさんを加えました。" in answer.text
    assert re.fullmatch(r"([a-z2-9]{4}-){3}[a-z2-9]{4}", password)
    assert password not in office.page()
    new = people.verify(city.store, "nijihashi", password, "127.0.0.1", city.now())
    assert new is not None and groups(city, new) == {"esikoni"} and new.kana == "ニジハシ ユウ"
    assert not (new.administrator or new.process_owner)


def test_every_first_password_is_another(office: Office) -> None:
    assert len({first_password(office.adds(login=f"person{n}")) for n in range(5)}) == 5


def test_no_password_reaches_a_log(office: Office, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(0)
    assert first_password(office.adds()) not in caplog.text


def test_somebody_new_who_leads_an_office_belongs_to_it(office: Office, city: City) -> None:
    office.adds(group="zeimu.manager")
    new = people.person_by_login(city.store, "nijihashi")
    assert new is not None and groups(city, new) == {"zeimu", "zeimu.manager"}


def test_somebody_may_be_added_before_their_group_is_known(office: Office, city: City) -> None:
    office.adds(group="")
    new = people.person_by_login(city.store, "nijihashi")
    assert new is not None and groups(city, new) == set()


@pytest.mark.parametrize(
    ("typed", "at", "says"),
    [
        ({"name": ""}, "name", "氏名を書いてください"), ({"name": "名" * 81}, "name", "80文字までの1行"), ({"kana": "a\x00"}, "kana", "1行で"),
        ({"login": ""}, "login", "利用者IDを書いてください"), ({"login": "に じ"}, "login", "半角の英小文字"),
        ({"login": "ＨＡＲＵＫＡＺＥ"}, "login", "「harukaze」は、もう使われています"), ({"group": "nowhere"}, "group", "その所属はありません"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_at_its_box_and_everything_typed_is_kept(
    office: Office, sakura: Person, typed: dict[str, str], at: str, says: str
) -> None:
    answer = office.adds(**typed)
    page = answer.text.partition("<main")[2]
    assert answer.status_code == 422 and "<title>エラー：職員と組織" in answer.text and "最初のパスワード" not in page
    assert says in page.partition("</section>")[0] and f'<a href="#{at}">' in page
    assert re.search(rf'id="{at}"[^>]*aria-invalid="true"', page) and f'id="{at}-wrong"' in page
    sent = {"name": "虹橋 ゆう", "kana": "ニジハシ ユウ", "login": "nijihashi", **typed}
    for name in ("name", "kana", "login"):
        if "\x00" not in sent[name]:
            assert re.search(rf'id="{name}"[^>]*value="{html.escape(sent[name])}"', page)
    assert at == "group" or '<option value="esikoni" selected>' in page
    assert office.names() == ["管理 みなと", "春風 さくら"]


def test_every_fault_is_named_at_once(office: Office) -> None:
    page = office.adds(name="", login="", group="nowhere").text
    assert all(f'<a href="#{at}">' in page for at in ("name", "login", "group"))


# Groups


def test_a_person_joins_a_group_from_today_on(office: Office, city: City, sakura: Person) -> None:
    assert "春風 さくらさんを「市民税課」に加えました。" in office.does(sakura, "join", group="zeimu")
    assert groups(city, sakura) == {"esikoni", "zeimu"}


def test_whoever_comes_to_lead_an_office_belongs_to_it(office: Office, city: City, sakura: Person) -> None:
    office.does(sakura, "join", group="zeimu.head")
    assert groups(city, sakura) == {"esikoni", "zeimu", "zeimu.head"}
    office.does(sakura, "leave", group="zeimu.head")
    assert groups(city, sakura) == {"esikoni", "zeimu"}


def test_whoever_leaves_an_office_leads_it_no_more(office: Office, city: City, sakura: Person) -> None:
    office.does(sakura, "join", group="esikoni.head")
    assert "春風 さくらさんを所属から外しました。" in office.does(sakura, "leave", group="esikoni")
    assert groups(city, sakura) == set()


def test_a_group_that_is_not_there_and_a_person_who_is_not_there_are_refused(office: Office, sakura: Person) -> None:
    answer = office.visitor.sends(f"/people/{sakura.id}/join", {"group": "nowhere"})
    assert answer.status_code == 400 and "その所属はありません" in answer.text
    for what in ("join", "leave", "deactivate", "reactivate", "reset"):
        assert office.visitor.sends(f"/people/9999/{what}", {"group": "esikoni"}).status_code == 404


def test_a_button_leads_back_to_the_list_from_which_it_was_pressed_and_nowhere_else(office: Office, sakura: Person) -> None:
    here = f"/people?who=春風#person-{sakura.id}"
    assert f'value="/people?who=%E6%98%A5%E9%A2%A8#person-{sakura.id}"' in office.page("/people?who=春風")
    answer = office.visitor.sends(f"/people/{sakura.id}/join", {"group": "zeimu", "next": here})
    assert answer.location.startswith("/people?who=")
    away = office.visitor.sends(f"/people/{sakura.id}/leave", {"group": "zeimu", "next": "https://elsewhere.example/"})
    assert away.location == "/"


# Leavers and those who come back


def test_a_leaver_is_signed_out_and_belongs_nowhere(office: Office, city: City, sakura: Person) -> None:
    visitor = office.of(sakura)
    assert visitor.get("/account").status_code == 200
    assert "春風 さくらさんを使えなくしました。" in office.does(sakura, "deactivate")
    assert visitor.get("/account").status_code == 303 and groups(city, sakura) == set()
    row = office.row(sakura)
    assert "使えません" in row and "また使えるようにする" in row and "パスワードを作り直す" not in row


def test_whoever_comes_back_gets_groups_anew(office: Office, city: City, sakura: Person) -> None:
    office.does(sakura, "deactivate")
    answer = office.visitor.sends(f"/people/{sakura.id}/join", {"group": "esikoni"})
    assert answer.status_code == 400 and "先に「また使えるようにする」" in answer.text
    assert "所属を加えてください。" in office.does(sakura, "reactivate")
    office.does(sakura, "join", group="esikoni")
    known = people.person(city.store, sakura.id)
    assert known is not None and known.active and groups(city, sakura) == {"esikoni"}


def test_an_administrator_does_not_lock_the_door_from_outside(office: Office, admin: Person) -> None:
    answer = office.visitor.sends(f"/people/{admin.id}/deactivate")
    assert answer.status_code == 400 and "ほかの管理者に頼んでください" in answer.text
    assert office.visitor.sends(f"/people/{admin.id}/reset").status_code == 400
    row = office.row(admin)
    assert "使えなくする" not in row and "パスワードを作り直す" not in row and "所属に加える" in row


# Passwords


def test_a_new_password_ends_the_old_one_and_every_session(office: Office, city: City, staff: Staff) -> None:
    sakura = staff.joins(password=PASSWORD)
    visitor = office.of(sakura)
    answer = office.visitor.sends(f"/people/{sakura.id}/reset")
    assert answer.status_code == 200 and "春風 さくらさんの最初のパスワード" in answer.text
    assert visitor.get("/account").status_code == 303
    assert people.verify(city.store, "harukaze", PASSWORD, "127.0.0.1", city.now()) is None
    assert people.verify(city.store, "harukaze", first_password(answer), "127.0.0.1", city.now()) is not None
    assert office.of(sakura).get("/account").status_code == 303


def test_in_a_demo_people_are_added_for_practice_and_have_no_password(demo_city: City) -> None:
    staff = Staff(demo_city)
    office = Office(screens_of(demo_city), staff.joins("kanri", "管理 みなと", (), administrator=True, demo=True))
    answer = office.adds()
    assert answer.status_code == 200 and "最初のパスワード" not in answer.text and "虹橋 ゆうさんを加えました。" in answer.text
    new = people.person_by_login(demo_city.store, "nijihashi")
    assert new is not None and new.demo and "パスワードを作り直す" not in office.page()
    assert "パスワードはありません" in office.visitor.sends(f"/people/{new.id}/reset").text


# What nobody would receive


def test_an_empty_city_names_its_lanes_and_offices_without_anybody(office: Office) -> None:
    page = office.page()
    assert "だれにも届かないところがあります" in page
    assert "レーン「えしこに センター長」のやることを受け取る人がいません（えしこにの長）。" in page
    assert re.search(r"だれもいない組織：市民税課、福祉政策課、", page)


def test_an_office_with_people_lacks_its_manager_and_head_until_they_come(office: Office, sakura: Person) -> None:
    page = office.page()
    assert "断らない相談マネージャーのいない組織：えしこに<" in page and "所属長のいない組織：えしこに<" in page
    office.does(sakura, "join", group="esikoni.head")
    page = office.page()
    assert "所属長のいない組織" not in page and "レーン「えしこに センター長」" not in page
    office.does(sakura, "deactivate")
    assert "レーン「えしこに センター長」" in office.page()


def test_a_group_that_the_city_no_longer_has_is_named_and_can_be_left(office: Office, city: City, sakura: Person) -> None:
    people.join(city.store, sakura.id, "kyukoku.head", city.today)
    assert "organisation.toml にない所属に入っている人がいます：kyukoku.head" in office.page()
    office.does(sakura, "leave", group="kyukoku.head")
    assert "kyukoku" not in office.page()


# With cases


def test_what_a_leaver_had_in_hand_goes_back_to_the_team_and_no_case_is_shown(town: Town) -> None:
    leaver = town.joins("nowaki", "野分 みのる", "esikoni", kana="ノワキ ミノル")
    colleague = town.joins("nijihashi", "虹橋 ゆう", "esikoni")
    office = Office(screens_of(town.city), town.joins("kanri", "管理 みなと", administrator=True))
    task = town.task("waiting", "会議の議題にする")
    assignments.claim(town.city, task, town.acts(leaver))
    with pytest.raises(assignments.TakenByAnother):
        assignments.claim(town.city, task, town.acts(colleague))
    page = office.does(leaver, "deactivate")
    assert "受け持っていたやること1件は、チームに戻しました。" in page
    assert "架空さん世帯" not in page and town.number("waiting") not in page and "会議の議題にする" not in page
    assignments.claim(town.city, task, town.acts(colleague))


def test_what_somebody_may_still_do_stays_in_hand_when_they_leave_another_group(town: Town) -> None:
    person = town.joins("nowaki", "野分 みのる", "esikoni", "zeimu")
    office = Office(screens_of(town.city), town.joins("kanri", "管理 みなと", administrator=True))
    assignments.claim(town.city, town.task("waiting", "会議の議題にする"), town.acts(person, "esikoni"))
    assert "チームに戻しました" not in office.does(person, "leave", group="zeimu")
    assert "受け持っていたやること1件は" in office.does(person, "leave", group="esikoni")


def test_whoever_left_a_group_is_offered_no_more_of_its_work(town: Town) -> None:
    person = town.joins("nowaki", "野分 みのる", "esikoni", "zeimu")
    task, head = town.task("waiting", "会議の議題にする"), town.by("えしこにの長")
    office = Office(screens_of(town.city), town.joins("kanri", "管理 みなと", administrator=True))
    office.does(person, "leave", group="esikoni")
    with pytest.raises(Refusal, match="担当の組にいません"):
        assignments.reassign(town.city, task, person.id, head)


# In a browser


@pytest.mark.browser
@pytest.mark.parametrize("width", [1440, 360])
def test_somebody_is_added_in_a_browser_after_a_mistake(
    office: Office, admin: Person, sakura: Person, screen: Screen, width: int
) -> None:
    page = screen.signed_in_as(admin).opens("/people", width)
    assert screen.findings() == [] and screen.sticks_out() == []
    form = page.get_by_role("region", name="職員を加える")
    form.get_by_label("氏名", exact=True).fill("虹橋 ゆう")
    form.get_by_label("利用者ID").fill("harukaze")
    form.get_by_role("button", name="加える").click()
    assert page.title().startswith("エラー：職員と組織")
    page.get_by_role("link", name="「harukaze」は、もう使われています").click()
    assert page.evaluate("document.activeElement.id") == "login"
    assert screen.findings() == [] and screen.sticks_out() == []
    form.get_by_label("利用者ID").fill("nijihashi")
    form.get_by_role("button", name="加える").click()
    assert page.get_by_text("虹橋 ゆうさんの最初のパスワード").is_visible()
    assert screen.findings() == [] and screen.sticks_out() == [] and screen.complaints == []


@pytest.mark.browser
@pytest.mark.parametrize("width", [1440, 360])
def test_a_persons_groups_are_changed_in_a_browser(
    office: Office, admin: Person, sakura: Person, screen: Screen, width: int
) -> None:
    page = screen.signed_in_as(admin).opens("/people?office=esikoni", width)
    page.get_by_text("変える：春風 さくら").click()
    page.get_by_label("加える所属：春風 さくら").select_option(label="えしこにの長")
    assert screen.findings() == [] and screen.sticks_out() == []
    page.get_by_role("button", name=re.compile("^所属に加える")).click()
    page.get_by_text("春風 さくらさんを「えしこにの長」に加えました。").wait_for()
    assert page.url.endswith(f"office=esikoni#person-{sakura.id}")
    page.get_by_text("変える：春風 さくら").click()
    page.get_by_role("button", name=re.compile("^使えなくする")).click()
    page.get_by_text("春風 さくらさんを使えなくしました。").wait_for()
    assert screen.findings() == [] and screen.sticks_out() == [] and screen.complaints == []


def test_the_log_says_in_numbers_who_changed_what_of_whom_and_nothing_of_a_refusal(
    office: Office, sakura: Person, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "bansou.people")
    office.visitor.sends(f"/people/{sakura.id}/sign-out", {"next": "/people"})
    office.visitor.sends("/people/999999/sign-out")
    office.does(sakura, "deactivate")
    said = [record.message for record in caplog.records if record.name == "bansou.people"]
    assert said == [f"people.{what} of person {sakura.id} by person {office.admin.id}" for what in ("sign_out", "deactivate")]
