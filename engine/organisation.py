"""Reads organisation.toml: who performs a lane, what a period is, which phases there are; names no process or form."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, time
from pathlib import Path
from typing import TypeGuard

from engine.calendar import LONGEST, Calendar, RegularMeeting, is_period
from engine.grounds import PLACES, ByName, read_grounds, read_named
from engine.grounds import Ground as Ground
from engine.kernel.feel import FeelError, parse
from engine.kernel.model import Problem
from engine.sheet import Sheet, Table

FILE = "organisation.toml"
KINDS = ("city", "centre", "agency")
LADDERS = ("case", "coordination")
DUTIES = ("coordination", "secretariat")
WEEKDAYS = "月火水木金土日"
OF_MANAGERS, OF_HEADS = ".manager", ".head"
EVERYBODY = "*"
LONGEST_LINE = 80  # characters at the foot of a page
_NAME = re.compile(r"[a-z][a-z0-9_]*")

SettingValue = str | int | list[int]


@dataclass(frozen=True, slots=True)
class Office:
    """One organisation that people work in: a city section, the centre or an agency."""

    id: str
    name: str
    short: str  # the name on screens; the name itself when none is given
    kind: str

    @property
    def groups(self) -> tuple[str, str, str]:
        """Its people, its 断らない相談マネージャー, its 所属長."""
        return self.id, self.id + OF_MANAGERS, self.id + OF_HEADS


@dataclass(frozen=True, slots=True)
class Setting:
    """A period ("P3BD"), a number of months, or a list of months, and what it is for."""

    value: SettingValue
    meaning: str


@dataclass(frozen=True, slots=True)
class Phase:
    """A rung of a ladder; the code never changes, the name may."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Organisation:
    """The city as one version of organisation.toml describes it. `version` is the sha256 of the file, in hex."""

    offices: Mapping[str, Office]
    lanes: Mapping[str, str]  # lane name -> group, "=FEEL", or "" (each task names its own)
    settings: Mapping[str, Setting]
    phases: Mapping[str, tuple[Phase, ...]]  # "case", "coordination" -> highest first
    calendar: Calendar
    meeting: RegularMeeting
    starters: Mapping[str, frozenset[str]]  # process id -> groups whose people may start it
    signals: Mapping[str, str]  # step of consent -> signal raised when nobody of a case consents to it any more
    duties: Mapping[str, str]  # "coordination", "secretariat" -> office
    access: Mapping[str, Ground]  # each of GROUNDS
    named: Mapping[str, ByName]  # what is open to persons by name only
    from_case: Mapping[str, str]  # some of PLACES of the case page -> "<form>#<part>" that may be written there without a task
    version: str
    name: str = ""  # whose screens these are, and whom to ask about them: the foot of every page
    contact: str = ""

    @property
    def groups(self) -> frozenset[str]:
        """Every group there is: three for each office."""
        return groups_of(self.offices.values())

    @property
    def restricted(self) -> frozenset[str]:
        """The forms that are open to named persons only."""
        return frozenset(form for ground in self.named.values() for form in ground.forms)

    @property
    def values(self) -> Mapping[str, SettingValue]:
        """The settings as expressions read them."""
        return {name: setting.value for name, setting in self.settings.items()}

    def label(self, group: str) -> str:
        """How screens call a group: 「市民税課」「市民税課のマネージャー」「市民税課の長」. KeyError if unknown."""
        office, _, rank = group.partition(".")
        return self.offices[office].short + {"": "", "manager": "のマネージャー", "head": "の長"}[rank]

    def office_called(self, name: str) -> Office | None:
        """The office with this name or short name."""
        return next((office for office in self.offices.values() if name in (office.name, office.short)), None)

    def phase(self, ladder: str, code: str) -> Phase | None:
        """The rung of a ladder with this code."""
        return next((phase for phase in self.phases[ladder] if phase.code == code), None)

    def highest(self, ladder: str, codes: Iterable[str]) -> Phase | None:
        """The highest of these rungs; None when there is none among them."""
        wanted = frozenset(codes)
        return next((phase for phase in self.phases[ladder] if phase.code in wanted), None)


def groups_of(offices: Iterable[Office]) -> frozenset[str]:
    """The groups of these offices."""
    return frozenset(group for office in offices for group in office.groups)


def read(source: Path | bytes) -> tuple[Organisation | None, tuple[Problem, ...]]:
    """The organisation, or None and every problem of the file in order of lines. OSError if the path is unreadable."""
    content = source if isinstance(source, bytes) else source.read_bytes()
    sheet = Sheet(FILE, content)
    if sheet.problems:
        return None, tuple(sheet.problems)
    root = sheet.root
    offices = _offices(root.table("organisations"))
    name, contact = _city(root.table("city")) if "city" in root else ("", "")
    organisation = Organisation(
        offices=offices,
        lanes=_lanes(root.table("lanes"), groups_of(offices.values())),
        settings=_settings(root.table("settings")),
        phases=_phases(root.table("phases")),
        calendar=_calendar(root.table("calendar")),
        meeting=_meeting(root.table("meeting")),
        starters=_starters(root.table("starters"), groups_of(offices.values())),
        duties=_duties(root.table("duties"), offices),
        signals=_signals(root.table("signals")),
        access=read_grounds(root.table("access")),
        named=read_named(root.table("named")) if "named" in root else {},
        from_case=_from_case(root.table("from_case")),
        version=hashlib.sha256(content).hexdigest(),
        name=name,
        contact=contact,
    )
    root.close()
    return (None if sheet.problems else organisation), tuple(sorted(sheet.problems, key=lambda found: found.line or 0))


def _city(table: Table) -> tuple[str, str]:
    taken = []
    for key, example in (("name", 'name = "架空市 福祉部"'), ("contact", 'contact = "福祉政策課 内線 0000"')):
        text = table.take(key, str, example, optional=True) or ""
        if len(text) > LONGEST_LINE or not text.isprintable():
            table.wrong("wrong-value", key, f"[city] の {key} は、{LONGEST_LINE}文字までの1行にしてください。ページの下に出ます。")
        taken.append(text.strip())
    table.close()
    return taken[0], taken[1]


def _offices(table: Table) -> dict[str, Office]:
    offices: dict[str, Office] = {}
    for key in table:
        _spelled(table, key)
        row = table.table(key)
        name = row.take("name", str, 'name = "市民税課"')
        short = row.take("short", str, 'short = "えしこに"', optional=True)
        kind = row.take("kind", str, 'kind = "city"')
        row.close()
        if kind is not None and kind not in KINDS:
            message = f"{key} の kind「{kind}」は選べません。{'・'.join(KINDS)} から選んでください。"
            row.wrong("wrong-value", "kind", message)
        if name is not None and kind is not None:
            _named_once(table, key, {name, short or name}, offices)
            offices[key] = Office(key, name, short or name, kind)
    return offices


def _named_once(table: Table, key: str, names: set[str], offices: Mapping[str, Office]) -> None:
    for other in offices.values():
        if both := names & {other.name, other.short}:
            message = f"「{min(both)}」は {other.id} と {key} の両方にあります。見分けられる名前にしてください。"
            table.wrong("duplicate-name", key, message)


def _lanes(table: Table, groups: frozenset[str]) -> dict[str, str]:
    lanes: dict[str, str] = {}
    for lane in table:
        group = table.take(lane, str, f'"{lane}" = "esikoni"', blank=True)
        if group is not None:
            lanes[lane] = group
            _performed(table, lane, group, groups)
    return lanes


def _performed(table: Table, lane: str, group: str, groups: frozenset[str]) -> None:
    if not group.startswith("="):
        _known(table, lane, [group] if group else [], groups)
        return
    try:
        parse(group)
    except FeelError as error:
        table.wrong("not-feel", lane, f"「{lane}」の式「{group}」を読めません。{error.message}")


def _known(table: Table, key: str, names: Iterable[str], groups: frozenset[str]) -> None:
    for name in names:
        if name not in groups:
            right = "[organisations] の id か、id.manager、id.head を書いてください。"
            table.wrong("unknown-group", key, f"「{key}」の group「{name}」がありません。{right}")


def _settings(table: Table) -> dict[str, Setting]:
    settings: dict[str, Setting] = {}
    for key in table:
        _spelled(table, key)
        row = table.table(key)
        value, meaning = row.value("value"), row.take("meaning", str, 'meaning = "つなぎ先の回答"')
        row.close()
        if not _is_setting(value):
            right = 'value = "P3BD"(3開庁日)、value = 3(月数)、value = [1, 3, 6](月数の並び)のどれかにしてください。'
            row.wrong("wrong-value", "value", f"{key} の value を期限として読めません。{right}")
        elif meaning is not None:
            settings[key] = Setting(value, meaning)
    return settings


def _is_setting(value: object) -> TypeGuard[SettingValue]:
    if isinstance(value, list):
        return bool(value) and all(type(item) is int and 0 <= item <= LONGEST for item in value)
    return is_period(value) if isinstance(value, str) else type(value) is int and 0 <= value <= LONGEST


def _phases(table: Table) -> dict[str, tuple[Phase, ...]]:
    phases = {ladder: _ladder(table.table(ladder)) for ladder in LADDERS}
    table.close()
    return phases


def _ladder(table: Table) -> tuple[Phase, ...]:
    rungs = []
    for code in table:
        _spelled(table, code)
        if name := table.take(code, str, f'{code} = "受付"'):
            rungs.append(Phase(code, name))
    if not rungs:
        right = '段階がひとつもありません。received = "受付" のように、上から順に書いてください。'
        table.wrong("missing-key", "", right)
    return tuple(rungs)


def _calendar(table: Table) -> Calendar:
    opens_at = table.take("opens_at", time, "opens_at = 08:30:00")
    closed: list[object] = table.take("closed", list, "closed = [2026-08-14]") or []
    table.close()
    for day in closed:
        if type(day) is not date:
            right = "closed = [2026-08-14] のように、引用符をつけずに書いてください。"
            table.wrong("wrong-value", "closed", f"閉庁日「{day}」を日付として読めません。{right}")
    return Calendar(frozenset(day for day in closed if type(day) is date), opens_at or time())


def _meeting(table: Table) -> RegularMeeting:
    name = table.take("name", str, 'name = "定例の重層的支援会議"')
    week = table.take("week", int, "week = 2")
    weekday = table.take("weekday", str, 'weekday = "木"')
    table.close()
    if week is not None and not 1 <= week <= 4:
        message = f"week = {week} では、会議のない月ができます。1 から 4 までにしてください。"
        table.wrong("wrong-value", "week", message)
    if weekday is not None and (len(weekday) != 1 or weekday not in WEEKDAYS):
        message = f"weekday「{weekday}」は曜日ではありません。{WEEKDAYS} の1文字にしてください。"
        table.wrong("wrong-value", "weekday", message)
    return RegularMeeting(name or "", week or 1, max(WEEKDAYS.find(weekday or ""), 0))


def _starters(table: Table, groups: frozenset[str]) -> dict[str, frozenset[str]]:
    starters = {}
    for process in table:
        named = table.take(process, list, f'{process} = ["*"]') or []
        starters[process] = groups if named == [EVERYBODY] else frozenset(map(str, named))
        _known(table, process, starters[process], groups)
    return starters


def _signals(table: Table) -> dict[str, str]:
    taken = {step: table.take(step, str, f'{step} = "plan_consent_lost"') for step in table}
    return {step: signal for step, signal in taken.items() if signal is not None}


def _duties(table: Table, offices: Mapping[str, Office]) -> dict[str, str]:
    duties = {}
    for duty in DUTIES:
        office = table.take(duty, str, f'{duty} = "esikoni"')
        if office is not None and office not in offices:
            message = f"{duty} の「{office}」が [organisations] にありません。そこにある id を書いてください。"
            table.wrong("unknown-organisation", duty, message)
        duties[duty] = office or ""
    table.close()
    return duties


def _from_case(table: Table) -> dict[str, str]:
    found = {place: table.take(place, str, f'{place} = "K01#note"', optional=True) for place in PLACES}
    table.close()
    for place, form in found.items():
        if form is not None and not re.fullmatch(r"\w+#\w+", form):
            message = f"[from_case] の {place} の「{form}」を様式として読めません。様式の番号#部分(K01#note)のように書いてください。"
            table.wrong("wrong-value", place, message)
    return {place: form for place, form in found.items() if form is not None}


def _spelled(table: Table, key: str) -> None:
    if not _NAME.fullmatch(key):
        right = "英小文字で始め、英小文字・数字・_ だけで書いてください。"
        table.wrong("wrong-name", key, f"「{key}」は使えない名前です。{right}")
