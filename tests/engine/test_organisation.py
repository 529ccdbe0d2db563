"""organisation.toml as its owner writes it: what is read, and how each mistake is answered."""

import hashlib
from datetime import date, time
from pathlib import Path

import pytest

from engine.calendar import Calendar, RegularMeeting
from engine.organisation import Office, Organisation, Phase, Setting, read

OURS = Path(__file__).parents[2] / "processes" / "organisation.toml"

SMALL = """\
[from_case]
record = "K02#note"

[city]
name = "架空市 福祉部"
contact = "内線 0000"

[calendar]
opens_at = 09:00:00
closed = [2026-08-14]

[meeting]
name = "定例会議"
week = 2
weekday = "木"

[duties]
coordination = "esikoni"
secretariat = "zeimu"

[organisations]
zeimu = { name = "市民税課", kind = "city" }
esikoni = { name = "総合相談支援センター「えしこに」", short = "えしこに", kind = "centre" }

[lanes]
"受け付けた窓口" = "=received_by()"
"センター" = "esikoni"
"センター長" = "esikoni.head"
"関係機関" = ""

[starters]
reception = ["*"]
meeting_item = ["esikoni"]

[signals]
plan = "plan_consent_lost"

[access]
received = { level = "L1", forms = ["K01"], own = ["K02"] }
addressed = { level = "L1", forms = ["K01"] }
coordination_before = { level = "L1", forms = ["K01"] }
coordination = { level = "L2", forms = ["*"] }
task = { level = "L1", forms = [], own = ["*"], opens_case = false }
role = { level = "L2", forms = ["K03"], own_rows = true, writes = ["record"] }
plan = { level = "L2", forms = ["K03"] }
member = { level = "L2", forms = ["K03"] }
lead = { level = "L2", forms = ["*"] }
secretariat = { level = "L2", forms = ["K03"] }

[phases.case]
in_support = "支援中"
received = "受付"
closed = "終結"

[phases.coordination]
requested = "依頼"

[settings]
t_reply = { value = "P10BD", meaning = "返事を待つ" }
review_months = { value = 3, meaning = "見直しの間" }
follow_up_months = { value = [1, 3, 6], meaning = "確かめる月" }
"""


def read_text(text: str) -> tuple[Organisation | None, tuple]:
    return read(text.encode())


@pytest.fixture
def small() -> Organisation:
    organisation, problems = read_text(SMALL)
    assert problems == ()
    assert organisation is not None
    return organisation


def only_problem(text: str):
    """The one problem of a wrong file, which then gives no organisation."""
    organisation, problems = read_text(text)
    assert organisation is None
    assert len(problems) == 1, [problem.message for problem in problems]
    return problems[0]


def line_of(text: str, part: str) -> int:
    return next(number for number, line in enumerate(text.splitlines(), 1) if part in line)


# --- what is read --------------------


def test_every_office_has_three_groups(small):
    assert small.groups == {"zeimu", "zeimu.manager", "zeimu.head", "esikoni", "esikoni.manager", "esikoni.head"}
    assert small.offices["zeimu"].groups == ("zeimu", "zeimu.manager", "zeimu.head")


def test_an_office_is_called_by_its_short_name_or_by_its_name(small):
    assert small.offices["zeimu"] == Office("zeimu", "市民税課", "市民税課", "city")
    assert small.office_called("えしこに") is small.offices["esikoni"]
    assert small.office_called("総合相談支援センター「えしこに」") is small.offices["esikoni"]
    assert small.office_called("水道局") is None


def test_groups_have_names_for_the_screen(small):
    labels = [small.label(group) for group in ("esikoni", "zeimu.manager", "zeimu.head")]
    assert labels == ["えしこに", "市民税課のマネージャー", "市民税課の長"]


@pytest.mark.parametrize("group", ["suido", "zeimu.chief"])
def test_a_group_that_does_not_exist_has_no_name(small, group):
    with pytest.raises(KeyError):
        small.label(group)


def test_lanes_are_a_group_an_expression_or_left_to_each_task(small):
    assert small.lanes == {
        "受け付けた窓口": "=received_by()",
        "センター": "esikoni",
        "センター長": "esikoni.head",
        "関係機関": "",
    }


def test_settings_keep_their_kind_and_say_what_they_are_for(small):
    assert small.settings["t_reply"] == Setting("P10BD", "返事を待つ")
    assert small.values == {"t_reply": "P10BD", "review_months": 3, "follow_up_months": [1, 3, 6]}


def test_the_calendar_knows_the_closing_days_and_the_opening_hour(small):
    assert small.calendar == Calendar(frozenset({date(2026, 8, 14)}), time(9, 0))
    assert not small.calendar.is_open(date(2026, 8, 14))


def test_everybody_or_named_groups_may_start_a_process(small):
    assert small.starters["reception"] == small.groups
    assert small.starters["meeting_item"] == {"esikoni"}


def test_some_forms_may_be_written_from_the_case_page(small):
    assert small.from_case == {"record": "K02#note"}


def test_the_foot_of_the_pages_is_the_citys_own_and_may_be_left_out(small):
    assert (small.name, small.contact) == ("架空市 福祉部", "内線 0000")
    without, problems = read_text(SMALL.replace('[city]\nname = "架空市 福祉部"\ncontact = "内線 0000"\n', ""))
    assert not problems and (without.name, without.contact) == ("", "")


def test_a_signal_is_named_for_a_step_of_consent(small):
    assert small.signals == {"plan": "plan_consent_lost"}


def test_a_ground_opens_forms_up_to_a_level_and_ones_own_answers(small):
    received, task = small.access["received"], small.access["task"]
    assert (received.level, received.covers("K01"), received.covers("K02"), received.covers_own("K02")) == (
        "L1", True, False, True,
    )  # fmt: skip
    assert received.opens_case
    assert not task.opens_case
    assert not task.covers("K01")
    assert task.covers_own("K01")
    assert small.access["lead"].covers("K09")
    assert small.access["role"].own_rows
    assert small.access["role"].may_write("record") and not small.access["role"].may_write("consent")
    assert not received.may_write("record")


def test_the_highest_phase_is_the_one_written_first(small):
    assert small.highest("case", ["closed", "received"]) == Phase("received", "受付")
    assert small.highest("case", ["received", "in_support", "closed"]) == Phase("in_support", "支援中")
    assert small.highest("case", []) is None
    assert small.phase("coordination", "requested") == Phase("requested", "依頼")
    assert small.phase("coordination", "received") is None


def test_the_version_is_the_hash_of_the_file_so_that_each_event_can_name_it(small):
    assert small.version == hashlib.sha256(SMALL.encode()).hexdigest()


def test_a_path_is_read_like_its_bytes(tmp_path):
    file = tmp_path / "organisation.toml"
    file.write_text(SMALL, encoding="utf-8")
    assert read(file) == read(SMALL.encode())


def test_a_file_that_is_not_there_is_an_error_of_the_system(tmp_path):
    with pytest.raises(FileNotFoundError):
        read(tmp_path / "organisation.toml")


# --- the regular meeting --------------------


@pytest.mark.parametrize(
    ("from_", "held"),
    [
        ("2026-05-01", "2026-05-14"),
        ("2026-05-14", "2026-05-14"),  # the day itself counts
        ("2026-05-15", "2026-06-11"),
        ("2026-12-11", "2027-01-14"),
    ],
)
def test_the_next_regular_meeting_is_on_the_second_thursday(small, from_, held):
    assert small.meeting.next_on(date.fromisoformat(from_), small.calendar) == date.fromisoformat(held)


def test_a_meeting_on_a_closed_day_is_held_on_the_next_open_one():
    second_monday = RegularMeeting("定例会議", 2, 0)
    calendar = Calendar()
    assert second_monday.next_on(date(2026, 10, 1), calendar) == date(2026, 10, 13)  # 10/12 スポーツの日
    assert second_monday.next_on(date(2026, 10, 13), calendar) == date(2026, 10, 13)
    assert second_monday.next_on(date(2026, 10, 14), calendar) == date(2026, 11, 9)


def test_a_meeting_pushed_into_the_next_month_is_found_from_there():
    fourth_friday = RegularMeeting("定例会議", 4, 4)
    closing = Calendar(closed=frozenset(date(2026, 2, 27 + n) if n < 2 else date(2026, 3, n - 1) for n in range(5)))
    assert fourth_friday.next_on(date(2026, 3, 2), closing) == date(2026, 3, 4)


# --- the city's own file --------------------


def test_the_file_of_the_city_is_read_without_a_problem():
    organisation, problems = read(OURS)
    assert problems == ()
    assert organisation is not None
    assert organisation.office_called("えしこに") is organisation.offices[organisation.duties["coordination"]]
    assert organisation.office_called("福祉政策課") is organisation.offices[organisation.duties["secretariat"]]


def test_every_setting_of_the_city_says_in_japanese_what_it_is_for():
    organisation, _ = read(OURS)
    assert organisation is not None
    for name, setting in organisation.settings.items():
        assert any("ぁ" <= letter <= "龠" for letter in setting.meaning), name


# --- mistakes --------------------


def test_a_file_that_is_not_toml_is_answered_with_the_line():
    text = SMALL.replace('week = 2\n', "week = \n")
    problem = only_problem(text)
    assert (problem.rule, problem.line) == ("not-toml", line_of(text, "week ="))
    assert "引用符" in problem.message


def test_a_file_that_ends_too_early_is_answered_too():
    assert only_problem(SMALL + '[lanes_again\n').rule == "not-toml"


def test_a_file_in_another_encoding_is_answered_with_how_to_save_it():
    organisation, problems = read(SMALL.encode("cp932"))
    assert organisation is None
    assert [problem.rule for problem in problems] == ["not-utf8"]
    assert "UTF-8 で保存" in problems[0].message


def test_a_file_beyond_any_city_is_refused_before_it_is_read():
    organisation, problems = read(b"#" * 1_000_001)
    assert organisation is None
    assert [problem.rule for problem in problems] == ["file-too-large"]


@pytest.mark.parametrize(
    ("right", "wrong", "rule", "element", "says"),
    [
        ('kind = "city"', 'kind = "town"', "wrong-value", "organisations.zeimu.kind", "city・centre・agency"),
        ('name = "市民税課", ', "", "missing-key", "organisations.zeimu.name", "name がありません"),
        ('name = "市民税課"', 'name = " "', "wrong-value", "organisations.zeimu.name", "市民税課"),
        ('short = "えしこに"', 'short = "市民税課"', "duplicate-name", "organisations.esikoni", "見分けられる名前"),
        ('short = "えしこに"', 'color = "red"', "unknown-key", "organisations.esikoni.color", "つづり"),
        ('"センター" = "esikoni"', '"センター" = "suido"', "unknown-group", "lanes.センター", "id.manager"),
        ('"=received_by()"', '"=received_by("', "not-feel", "lanes.受け付けた窓口", "=received_by("),
        ('"センター" = "esikoni"', '"センター" = 3', "wrong-value", "lanes.センター", "のように書いてください"),
        ('meeting_item = ["esikoni"]', 'meeting_item = ["suido"]', "unknown-group", "starters.meeting_item", "suido"),
        ('meeting_item = ["esikoni"]', 'meeting_item = "esikoni"', "wrong-value", "starters.meeting_item", '["*"]'),
        ('secretariat = "zeimu"', 'secretariat = "suido"', "unknown-organisation", "duties.secretariat", "suido"),
        ('secretariat = "zeimu"\n', "", "missing-key", "duties.secretariat", "secretariat がありません"),
        ('value = "P10BD"', 'value = "10日"', "wrong-value", "settings.t_reply.value", "P3BD"),
        ('value = "P10BD"', "value = 1.5", "wrong-value", "settings.t_reply.value", "P3BD"),
        ('value = "P10BD"', "value = true", "wrong-value", "settings.t_reply.value", "P3BD"),
        ("value = 3", "value = -3", "wrong-value", "settings.review_months.value", "月数"),
        ("value = [1, 3, 6]", "value = []", "wrong-value", "settings.follow_up_months.value", "月数の並び"),
        ("value = [1, 3, 6]", 'value = [1, "3"]', "wrong-value", "settings.follow_up_months.value", "月数の並び"),
        (', meaning = "見直しの間"', "", "missing-key", "settings.review_months.meaning", "meaning"),
        ("t_reply =", "T_Reply =", "wrong-name", "settings.T_Reply", "英小文字"),
        ("opens_at = 09:00:00", 'opens_at = "09:00"', "wrong-value", "calendar.opens_at", "08:30:00"),
        ("closed = [2026-08-14]", 'closed = ["2026-08-14"]', "wrong-value", "calendar.closed", "引用符をつけずに"),
        ("closed = [2026-08-14]", "closed = [2026-08-14T00:00:00]", "wrong-value", "calendar.closed", "引用符"),
        ("closed = [2026-08-14]", "closed = [{ on = 2026-08-14 }]", "wrong-value", "calendar.closed", "引用符"),
        ("week = 2", "week = 5", "wrong-value", "meeting.week", "1 から 4"),
        ('weekday = "木"', 'weekday = "木曜"', "wrong-value", "meeting.weekday", "1文字"),
        ('member = { level = "L2"', 'member = { level = "L3"', "wrong-value", "access.member.level", "L1・L2"),
        ('lead = { level = "L2", forms = ["*"] }\n', "", "missing-key", "access.lead", "[access.lead]"),
        ("own_rows = true", 'own_rows = "yes"', "wrong-value", "access.role.own_rows", "own_rows = true"),
        ('secretariat = { level = "L2", forms = ["K03"] }', "boss = {}", "unknown-key", "access.boss", "つづり"),
        ('record = "K02#note"', 'record = ["K02#note"]', "wrong-value", "from_case.record", "K01#note"),
        ('record = "K02#note"', 'record = "K02/note"', "wrong-value", "from_case.record", "K01#note"),
        ('record = "K02#note"', 'records = "K02#note"', "unknown-key", "from_case.records", "つづり"),
        ('writes = ["record"]', 'writes = ["records"]', "wrong-value", "access.role.writes", "record・consent"),
        ('plan = "plan_consent_lost"', "plan = true", "wrong-value", "signals.plan", "plan_consent_lost"),
        ('requested = "依頼"\n', "", "missing-key", "phases.coordination", "上から順に"),
        ('received = "受付"', "received = 1", "wrong-value", "phases.case.received", "受付"),
        ("[phases.coordination]", "[phases.coordinate]", "unknown-key", "phases.coordinate", "つづり"),
        ('contact = "内線 0000"', 'contact = "内線\\n0000"', "wrong-value", "city.contact", "80文字までの1行"),
        ('name = "架空市 福祉部"', "name = 1", "wrong-value", "city.name", "架空市 福祉部"),
        ('contact = "内線 0000"', 'phone = "内線 0000"', "unknown-key", "city.phone", "つづり"),
        ("[calendar]\n", "[[calendar]]\n", "wrong-value", "calendar", "[calendar]"),
    ],
)
def test_each_mistake_names_its_place_and_its_remedy(right, wrong, rule, element, says):
    assert right in SMALL
    _, problems = read_text(SMALL.replace(right, wrong, 1))
    found = {(problem.rule, problem.element): problem for problem in problems}
    assert (rule, element) in found, [(problem.rule, problem.element) for problem in problems]
    problem = found[rule, element]
    assert says in problem.message
    assert problem.kind == "refused"
    assert problem.file == "organisation.toml"
    assert problem.line is not None


def test_a_problem_points_to_the_line_of_the_key():
    text = SMALL.replace('"P10BD"', '"soon"')
    assert only_problem(text).line == line_of(text, "t_reply")


def test_a_missing_table_is_named():
    text = SMALL.replace('[meeting]\nname = "定例会議"\nweek = 2\nweekday = "木"\n', "")
    _, problems = read_text(text)
    assert ("missing-key", "meeting") in {(problem.rule, problem.element) for problem in problems}
    assert "[meeting]" in problems[0].message


def test_a_table_that_nobody_reads_is_not_passed_over():
    problem = only_problem(SMALL + '\n[colours]\nblue = "青"\n')
    assert (problem.rule, problem.element) == ("unknown-key", "colours")


def test_all_problems_come_at_once_in_the_order_of_the_lines():
    text = SMALL.replace("week = 2", "week = 9").replace('"P10BD"', '"soon"').replace('kind = "city"', 'kind = "x"')
    _, problems = read_text(text)
    places = ["meeting.week", "organisations.zeimu.kind", "settings.t_reply.value"]
    assert [problem.element for problem in problems] == places
    assert [problem.line for problem in problems] == sorted(problem.line or 0 for problem in problems)
