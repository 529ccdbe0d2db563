"""Walk-throughs: executable Japanese Gherkin in processes/walkthroughs, acceptance and training manual in one.

Reads the sentences and plays them on a rehearsal. It must not know any process, form or task by name.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from gherkin.errors import CompositeParserException, ParserError
from gherkin.parser import Parser

from engine.rehearsal import Rehearsal, Rows, Stuck


class Unreadable(Exception):
    """The file is not Gherkin; the message names the line."""


class Failed(AssertionError):
    """A sentence that did not hold, with its line."""


@dataclass(frozen=True, slots=True)
class Step:
    text: str
    rows: tuple[tuple[str, str], ...]
    line: int


@dataclass(frozen=True, slots=True)
class Scenario:
    name: str
    feature: str
    file: str
    steps: tuple[Step, ...]


def read(path: Path) -> tuple[Scenario, ...]:
    """The scenarios of a file. Raises Unreadable."""
    try:
        document: Any = Parser().parse(path.read_text("utf-8"))
    except (ParserError, CompositeParserException) as error:
        raise Unreadable(f"{path.name}: {error}") from error
    feature = document["feature"]
    return tuple(
        Scenario(child["scenario"]["name"], feature["name"], path.name, tuple(_step(each) for each in child["scenario"]["steps"]))
        for child in feature["children"]
    )


def _step(step: Mapping[str, Any]) -> Step:
    table = step.get("dataTable")
    rows = [tuple(cell["value"] for cell in row["cells"]) for row in table["rows"]] if table else []
    return Step(step["text"], tuple((row[0], row[1]) for row in rows), step["location"]["line"])


def play(scenario: Scenario, rehearsal: Rehearsal, known: Mapping[str, Scenario], before: str | None = None) -> None:
    """Play a scenario; with ``before`` only until that task is about to be done. Raises Failed with file and line."""
    for step in scenario.steps:
        if before is not None and _does(step, before):
            return
        try:
            _play(step, rehearsal, known)
        except (Stuck, AssertionError) as error:
            if isinstance(error, Failed):
                raise
            raise Failed(f"{scenario.file}:{step.line} {step.text}: {error}") from error


def _does(step: Step, task: str) -> bool:
    return bool(re.fullmatch(rf".+の人が「{re.escape(task)}」(に次のとおり答える|を済ませる)", step.text))


def _play(step: Step, rehearsal: Rehearsal, known: Mapping[str, Scenario]) -> None:
    for pattern, act in SENTENCES:
        if match := re.fullmatch(pattern, step.text):
            act(rehearsal, list(step.rows), known, *match.groups())
            return
    raise Stuck("この文は決まった言い方ではありません。processes/README.md の言い方で書いてください。")


_DAY = r"(\d{4}年\d{1,2}月\d{1,2}日)"


def day(text: str) -> date:
    year, month, number = re.findall(r"\d+", text)
    return date(int(year), int(month), int(number))


def _holds(condition: bool, otherwise: str) -> None:
    if not condition:
        raise AssertionError(otherwise)


def _advance(r: Rehearsal, _: Rows, known: Mapping[str, Scenario], name: str, task: str) -> None:
    if name not in known:
        raise Stuck(f"シナリオ「{name}」がありません。")
    play(known[name], r, known, before=task)


def _listed(r: Rehearsal, _: Rows, __: Any, task: str, who: str, until: str) -> None:
    found = [row.due_on for row in r.open_tasks(who, task)]
    _holds(day(until) in found, f"期限は {', '.join(map(str, found)) or '(一覧にない)'}")


def _not_listed(r: Rehearsal, _: Rows, __: Any, task: str, who: str) -> None:
    _holds(not r.open_tasks(who, task), "一覧にある")


def _phase(r: Rehearsal, _: Rows, __: Any, which: str, name: str) -> None:
    ladder = "case" if which == "ケース" else "coordination"
    row = r.row()
    code = row.phase_case if ladder == "case" else row.phase_coordination
    with r.city.store.reading() as c:
        phase = r.city.organisation(c).phase(ladder, code or "")
    _holds(phase is not None and phase.name.split("(")[0] == name.split("(")[0], f"段階は{phase.name if phase else 'まだない'}")


def _lead(r: Rehearsal, _: Rows, __: Any, who: str) -> None:
    lead = r.row().lead_org
    _holds(lead == r.group(who), f"主担当は{lead}")


def _hinted(r: Rehearsal, _: Rows, __: Any, task: str, hint: str) -> None:
    found = r.hint(task)
    _holds(found is not None and (found == hint or found.startswith(hint.split("(")[0])), f"目安は{found}")


def _reads(r: Rehearsal, _: Rows, __: Any, who: str, title: str) -> None:
    _holds(r.reads(who, title), "読めない")


def _does_not_read(r: Rehearsal, _: Rows, __: Any, who: str, title: str) -> None:
    _holds(not r.reads(who, title), "読める")


def _closed(r: Rehearsal, _: Rows, __: Any, task: str, who: str) -> None:
    _holds(r.is_closed_to(who, task), "開く")


def _began(r: Rehearsal, _: Rows, __: Any, process: str) -> None:
    _holds(r.began(process) > 0, "始まっていない")


def _never_began(r: Rehearsal, _: Rows, __: Any, process: str) -> None:
    _holds(r.began(process) == 0, "始まった")


def _typed(r: Rehearsal, _: Rows, __: Any, who: str, most: str) -> None:
    count = r.typed.get(r.group(who).split(".")[0], 0)
    _holds(count <= int(most), f"打った必須の欄は{count}")


def _case_page(r: Rehearsal, rows: Rows, _: Any, who: str, what: str) -> None:
    r.records_called(who, what, rows)


SENTENCES: tuple[tuple[str, Callable[..., None]], ...] = (
    (rf"今日は{_DAY}である", lambda r, rows, known, text: r.today_is(day(text))),
    (r"「(.+)」を「(.+)」の手前まで進めてある", _advance),
    (r"(.+)の人が受付から次の相談を登録する", lambda r, rows, known, who: r.registers(who, rows)),
    (r"(.+)の人が「(.+)」に次のとおり答える", lambda r, rows, known, who, task: r.answers(who, task, rows)),
    (r"(.+)の人が「(.+)」を済ませる", lambda r, rows, known, who, task: r.answers(who, task, [])),
    (r"(.+)の人が「(.+)」の前に守秘義務を確かめる", lambda r, rows, known, who, task: r.confirms(who, task, rows)),
    (r"(.+)の人がケースの画面から(.+)を記録する", _case_page),
    (r"(.+)の人が(.+)を求める", lambda r, rows, known, who, what: r.presses_called(who, what)),
    (r"今日から(\d+)開庁日前である", lambda r, rows, known, n: r.begins_before(int(n))),
    (r"今日になる", lambda r, rows, known: r.comes_to_today()),
    (rf"{_DAY}になる", lambda r, rows, known, text: r.today_is(day(text))),
    (r"(\d+)開庁日が過ぎる", lambda r, rows, known, n: r.days_pass(int(n))),
    (rf"「(.+)」が(.+)の一覧に{_DAY}までとある", _listed),
    (r"「(.+)」は(.+)の一覧にない", _not_listed),
    (r"「(.+)」の目安は「(.+)」である", _hinted),
    (r"(ケース|多機関協働)の段階は(.+)である", _phase),
    (r"主担当は(.+)である", _lead),
    (r"(.+)の人は「(.+)」を読める", _reads),
    (r"(.+)の人は「(.+)」を読めない", _does_not_read),
    (r"「(.+)」は、守秘義務を確かめるまで(.+)の人に開かない", _closed),
    (r"「(.+)」が始まっている", _began),
    (r"「(.+)」は一度も始まっていない", _never_began),
    (r"(.+)の人が打った必須の欄は(\d+)以内である", _typed),
)
