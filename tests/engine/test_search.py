"""Finding cases: what is typed, who finds what, who is never found, and what it costs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from engine import duplicates, feeds, search, store
from engine.city import By
from engine.duplicates import Reply
from engine.feeds import key
from engine.search import Found, is_too_short

if TYPE_CHECKING:
    from households import Town

pytest_plugins = ("households",)


class Desk:
    """Somebody who looks for cases."""

    def __init__(self, town: Town, who: str | By) -> None:
        self.town, self.by = town, town.by(who) if isinstance(who, str) else who

    def finds(self, text: str) -> list[str]:
        return [each.number for each in self.rows(text)]

    def rows(self, text: str, page: int = 1, size: int = search.PAGE) -> tuple[Found, ...]:
        with self.town.city.store.reading() as c:
            return search.find(self.town.city, c, self.by, text, page, size).rows

    def total(self, text: str) -> int:
        with self.town.city.store.reading() as c:
            return search.find(self.town.city, c, self.by, text).total

    def recent(self, size: int = search.PAGE) -> list[str]:
        with self.town.city.store.reading() as c:
            return [each.number for each in search.recent(self.town.city, c, self.by, size)]


@pytest.fixture
def counter(town: Town) -> Desk:
    return Desk(town, "市民税課")


def person(family: str = "", given: str = "", family_kana: str = "", given_kana: str = "", more: str = "") -> str:
    named = {"氏": family, "名": given, "氏(カナ)": family_kana, "名(カナ)": given_kana}
    cells = [f"{label}={text}" for label, text in named.items() if text]
    return "／".join(["続柄・立場=本人", *cells, *([more] if more else [])])


TAKABAYASHI = person("髙林", "花", "タカバヤシ", "ハナ")


# By name and reading


def test_a_household_is_found_by_name_and_reading_however_they_are_typed(town: Town, counter: Desk) -> None:
    number = town.receives("市民税課", TAKABAYASHI)
    for text in (
        "髙林", "高林", "高林花", "高林　花", "高林 花", "林花", "髙\U000e0100林", "タカバヤシ", "たかばやし", "ﾀｶﾊﾞﾔｼ",
        "たかばやし はな", "タカ", "はな", "バヤシハ", "  高林  ",
    ):  # fmt: skip
        assert counter.finds(text) == [number], text


def test_nothing_else_is_found(town: Town, counter: Desk) -> None:
    town.receives("市民税課", TAKABAYASHI)
    for text in ("高木", "ハヤシダ", "花林", "タカハヤシ", "%", "_", "%%", "高_花", "高%", "''", '"; --', "高林花子", "タ", "", "　"):
        assert counter.finds(text) == [], text


def test_a_surname_of_one_ideograph_finds_those_that_begin_with_it(town: Town, counter: Desk) -> None:
    town.receives("市民税課", TAKABAYASHI, name="takabayashi")
    wood = town.receives("市民税課", person("林", "実", "ハヤシ", "ミノル"), name="hayashi")
    assert counter.finds("林") == [wood] and counter.finds("花") == []


@pytest.mark.parametrize(("text", "short"), [("タ", True), ("ﾀ", True), ("た", True), ("a", True), ("5", True), ("林", False),
                                             ("々", False), ("𠮷", False), ("タカ", False), ("", False), ("　", False)])  # fmt: skip
def test_one_letter_is_too_short_and_one_ideograph_is_not(text: str, short: bool) -> None:
    assert is_too_short(text) is short


def test_whoever_begins_with_the_words_comes_before_those_who_hold_them(town: Town, counter: Desk) -> None:
    middle = town.receives("市民税課", person("大川", "空", "オオカワ", "ソラ"), name="middle")
    first = town.receives("市民税課", person("川辺", "海", "カワベ", "ウミ"), name="first")
    later = town.receives("市民税課", person("小川", "陸", "オガワ", "リク"), name="later")
    assert counter.finds("川辺") == [first]
    assert counter.finds("カワ") == [first, middle]
    assert counter.finds("ガワ") == [later]


def test_what_moved_last_comes_first_among_equals(town: Town, counter: Desk) -> None:
    older = town.receives("市民税課", TAKABAYASHI, name="older")
    newer = town.receives("市民税課", TAKABAYASHI, name="newer")
    assert counter.finds("高林") == [newer, older]


def test_a_result_says_who_of_the_household_was_found(town: Town, counter: Desk) -> None:
    town.receives("市民税課", TAKABAYASHI, "続柄・立場=夫／氏=青波／名=渉／氏(カナ)=アオナミ／名(カナ)=ワタル")
    (row,) = counter.rows("アオナミ")
    assert (row.household, row.person) == ("髙林さん世帯", "青波 渉（アオナミ ワタル）")
    assert (row.phase, row.lead, row.received_at.date()) == ("received", "zeimu", town.city.today)
    assert row.closed_at is None


def test_a_person_with_a_reading_only_or_a_name_only_is_found_by_it(town: Town, counter: Desk) -> None:
    heard = town.receives("市民税課", person(family_kana="ミナモ"), name="heard")
    read = town.receives("市民税課", person("雪灯"), name="read")
    assert counter.finds("みなも") == [heard] and counter.finds("雪灯") == [read]
    assert counter.rows("みなも")[0].person == "ミナモ"
    assert counter.rows("みなも")[0].household is None


def test_both_kinds_of_database_find_the_same(new_town: Town) -> None:
    first = new_town.receives("市民税課", TAKABAYASHI, name="first")
    second = new_town.receives("市民税課", person("小髙", "林", "オダカ", "リン"), name="second")
    desk = Desk(new_town, "市民税課")
    for text, found in (
        ("高林", [first, second]), ("タカ", [first]), ("ダカ", [second]), ("林", []), ("髙", [first]), ("2026", [second, first]),
        (first, [first]), ("%", []), ("高_", []),
    ):  # fmt: skip
        assert desk.finds(text) == found, text
    assert desk.recent() == [second, first]


# By number


def test_a_case_is_found_by_its_number_or_a_part_of_it(town: Town, counter: Desk) -> None:
    number = town.receives("市民税課", TAKABAYASHI)
    assert number == "2026-00003"
    for text in ("2026-00003", "２０２６－００００３", "2026-3", "2026ー00003", "2026−00003", " 2026-00003 ", "00003", "6-00003"):
        assert counter.finds(text) == [number], text


def test_the_year_alone_finds_every_case_of_the_year_and_another_year_none(town: Town, counter: Desk) -> None:
    numbers = [town.receives("市民税課", TAKABAYASHI, name=each) for each in ("one", "two")]
    assert counter.finds("2026") == counter.finds("2026-") == numbers[::-1]
    assert counter.finds("2025-00003") == counter.finds("2025") == []


def test_a_number_that_is_not_there_and_one_that_may_not_be_seen_look_the_same(town: Town, counter: Desk) -> None:
    assert counter.rows(town.number("on_the_agenda")) == counter.rows("2026-77777") == ()


# Who finds what


def test_nobody_finds_a_case_that_they_may_not_open(town: Town) -> None:
    number = town.receives("市民税課", TAKABAYASHI)
    assert Desk(town, "市民税課").finds("高林") == Desk(town, "えしこに").finds("高林") == [number]
    for who in ("福祉課", "健康対策課(地区担当保健師)", "福祉政策課"):
        assert Desk(town, who).finds("高林") == Desk(town, who).finds(number) == []


def test_administrators_process_owners_and_those_of_no_organisation_find_nothing(town: Town) -> None:
    number = town.receives("市民税課", TAKABAYASHI)
    admin = town.acts(town.joins("kanri", "管理 みなと", administrator=True))
    owner = town.acts(town.joins("sekkei", "設計 あおい", process_owner=True))
    for by in (admin, owner, By()):
        assert Desk(town, by).finds("高林") == Desk(town, by).finds(number) == Desk(town, by).recent() == []


def test_an_agency_with_a_role_finds_its_household_and_no_other(town: Town) -> None:
    number = town.receives("市民税課", person("架空", "隣"))
    agency = Desk(town, "健康対策課(地区担当保健師)")
    assert set(agency.finds("架空")) == {town.number("waiting"), town.number("on_the_agenda")}
    assert set(Desk(town, "えしこに").finds("架空")) == {*agency.finds("架空"), number}


def test_an_agency_that_is_only_asked_finds_nothing(asking_town: Town) -> None:
    assert Desk(asking_town, "健康対策課(地区担当保健師)").finds("架空") == []


def test_whoever_received_a_household_still_finds_it_after_it_went_on(town: Town) -> None:
    assert town.number("on_the_agenda") in Desk(town, "地域包括支援センター").finds("架空")


# Who is never found


def conceal(town: Town, case: int, given: str) -> None:
    """Somebody notes a reason for secrecy about one person of a household, as the page of its people does."""
    with town.city.store.transaction() as c:
        household = c.scalar(sa.select(store.case.c.household).where(store.case.c.id == case)) or 0
        member, known = store.household_member, store.person
        rows = c.execute(sa.select(known).join(member, member.c.person == known.c.id).where(member.c.household == household)).all()
        changed = [{**row.data, "id": str(row.id), "confidential": ["dv"]} for row in rows if row.data.get("givenName") == given]
        assert len(changed) == 1
        feeds.write_persons(c, household, changed, town.city.now(), town.city.today)


def test_a_concealed_person_is_never_found_nor_named_by_anybody(town: Town, counter: Desk) -> None:
    number = town.receives("市民税課", TAKABAYASHI, "続柄・立場=子／氏=青波／名=渉／氏(カナ)=アオナミ／名(カナ)=ワタル", name="one")
    conceal(town, town.cases["one"], "渉")
    for who in ("市民税課", "えしこに"):
        desk = Desk(town, who)
        assert desk.finds("アオナミ") == desk.finds("青波") == desk.finds("渉") == []
        assert desk.finds("高林") == [number]
        assert [row.person for row in desk.rows("高林")] == ["髙林 花（タカバヤシ ハナ）"]


def test_a_household_of_concealed_people_is_found_by_its_number_and_shows_no_name(town: Town, counter: Desk) -> None:
    number = town.receives("市民税課", TAKABAYASHI, name="one")
    conceal(town, town.cases["one"], "花")
    (row,) = counter.rows(number)
    assert (row.number, row.household, row.person) == (number, None, None)
    assert counter.finds("高林") == []


def test_who_left_the_household_is_not_found_any_more(town: Town, counter: Desk) -> None:
    town.receives("市民税課", TAKABAYASHI)
    with town.city.store.transaction() as c:
        c.execute(sa.update(store.household_member).values(until=town.city.today))
    assert counter.finds("高林") == []


# What an organisation did last


def test_without_a_question_there_is_what_ones_organisation_did_last(town: Town) -> None:
    older = town.receives("市民税課", TAKABAYASHI, name="older")
    newer = town.receives("市民税課", TAKABAYASHI, name="newer")
    assert Desk(town, "市民税課").recent() == [newer, older]
    town.rehearsal("older").answers("市民税課", "同意を確かめて記録する", [
        ("同意した段階", "①会う・相談を続ける／②決めた機関と共有する"), ("共有してよい機関", "機関=自立相談支援機関(市社協)"),
    ])  # fmt: skip
    assert Desk(town, "市民税課").recent() == [older, newer] and Desk(town, "市民税課").recent(1) == [older]
    assert older not in Desk(town, "えしこに").recent() and Desk(town, "福祉課").recent() == []


def test_what_ones_organisation_did_is_not_listed_when_the_case_is_closed_to_it(asking_town: Town) -> None:
    town = asking_town
    town.rehearsal("asked").answers("健康対策課(地区担当保健師)", "把握していることを答える", [
        ("把握している世帯の様子", "受診が途切れている。"), ("いまの取組", "電話での声かけ"),
    ])  # fmt: skip
    assert Desk(town, "健康対策課(地区担当保健師)").recent() == []
    assert Desk(town, "えしこに").recent() == [town.number("asked")]


# Pages and cost


def test_results_come_in_pages_without_a_row_twice_or_left_out(town: Town, counter: Desk) -> None:
    numbers = [town.receives("市民税課", TAKABAYASHI, name=f"case {n}") for n in range(5)]
    pages = [[row.number for row in counter.rows("高林", page, size=2)] for page in (1, 2, 3, 4)]
    assert [len(page) for page in pages] == [2, 2, 1, 0]
    assert [number for page in pages for number in page] == numbers[::-1]
    assert counter.total("高林") == 5


@contextmanager
def counted(town: Town) -> Iterator[list[str]]:
    """The statements that reach the database."""
    said: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.startswith("SELECT"):
            said.append(statement)

    sa.event.listen(town.city.store.engine, "before_cursor_execute", note)
    yield said
    sa.event.remove(town.city.store.engine, "before_cursor_execute", note)


@pytest.mark.parametrize("text", ["高林", "2026"])
def test_a_page_of_many_costs_as_many_queries_as_a_page_of_one(town: Town, counter: Desk, text: str) -> None:
    town.receives("市民税課", TAKABAYASHI, name="first")
    with counted(town) as for_one:
        counter.rows(text)
    for n in range(6):
        town.receives("市民税課", TAKABAYASHI, name=f"case {n}")
    with counted(town) as for_many:
        assert len(counter.rows(text)) == 7
    assert len(for_many) == len(for_one) <= 8
    with counted(town) as lately:
        assert len(counter.recent()) == 7
    assert len(lately) <= 5


@pytest.mark.parametrize("text", ["あ" * 101, "名" * 60_000, "a\x00b", "\ud800\ud800"])
def test_what_no_name_can_be_is_looked_for_nowhere(counter: Desk, text: str) -> None:
    assert counter.rows(text) == ()


# How names are compared


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("髙橋", "高橋"), ("渡邉", "渡辺"), ("渡邊", "渡辺"), ("濵田", "浜田"), ("山﨑", "山崎"), ("齋藤", "斉藤"), ("𠮷田", "吉田"),
        ("葛\U000e0100城", "葛城"), ("ジョン・スミス", "ジョンスミス"), ("Ｓｍｉｔｈ", "smith"), ("ﾊﾞｼﾞﾙ", "バジル"), ("か\u3099", "ガ"),
        ("福", "福"), ("すずき　いちろう", "スズキイチロウ"), ("ゔ", "ヴ"),
    ],
)  # fmt: skip
def test_names_that_sound_or_look_the_same_have_the_same_key(one: str, other: str) -> None:
    assert key(one) == key(other)


@pytest.mark.parametrize(("one", "other"), [("高橋", "高端"), ("ハシ", "バシ"), ("ヤ", "ャ"), ("坂田", "阪田"), ("花", "華")])
def test_names_that_differ_keep_different_keys(one: str, other: str) -> None:
    assert key(one) != key(other)


def test_a_duplicate_is_noticed_whichever_way_the_name_was_written(town: Town) -> None:
    with town.city.store.reading() as c:
        feeding = [each for each in town.city.forms(c).values() if any(field.feeds == "person, household" for field in each.fields)]
    asked = {"persons": [{"familyNameKana": "たかばやし", "givenNameKana": "は な", "birthDate": "1980-01-01"}]}
    assert duplicates.ask(town.city, town.by("市民税課"), feeding[0], asked) is Reply.NOT_KNOWN
    town.receives("福祉課", person("髙林", "花", "ﾀｶﾊﾞﾔｼ", "ハナ", "生年月日=1980-01-01"))
    assert duplicates.ask(town.city, town.by("市民税課"), feeding[0], asked) is Reply.KNOWN


# Of whom one may know


def test_an_agency_with_a_role_finds_nobody_who_did_not_agree_that_it_may_know(drafting_town: Town) -> None:
    """参加支援 has a role for the son alone; the mother has named other agencies."""
    number = drafting_town.number("drafted")
    people = {"母": person("海原", "しおり", "ウナバラ", "シオリ"), "長男": person("海原", "まこと", "ウナバラ", "マコト")}
    rows = [("本人・世帯の人", each.replace("続柄・立場=本人", f"続柄・立場={role}")) for role, each in people.items()]
    named(drafting_town, rows)
    agency, asked, centre = Desk(drafting_town, "参加支援(えしこに)"), Desk(drafting_town, "健康対策課(地区担当保健師)"), Desk(drafting_town, "えしこに")
    assert [centre.finds(text) for text in ("しおり", "まこと", "海原")] == [[number]] * 3
    assert [agency.finds(text) for text in ("しおり", "シオリ")] == [[], []]
    assert [agency.finds(text) for text in ("まこと", "海原", number)] == [[number]] * 3
    assert [each.person for each in agency.rows("海原")] == ["海原 まこと（ウナバラ マコト）"]
    assert asked.finds("しおり") == [number]  # which she named


def named(town: Town, rows: list[tuple[str, str]]) -> None:
    """The persons of the household get these names."""
    person, member = store.person, store.household_member
    with town.city.store.transaction() as c:
        ids = c.scalars(sa.select(member.c.person).order_by(member.c.position)).all()
        for id, (_field, cells) in zip(ids, rows, strict=True):
            said = dict(each.split("=") for each in cells.split("／"))
            data = {"familyName": said["氏"], "givenName": said["名"], "familyNameKana": said["氏(カナ)"], "givenNameKana": said["名(カナ)"]}
            c.execute(sa.update(person).where(person.c.id == id).values(data={**data, "role": said["続柄・立場"]}, **feeds.search_keys(data)))
