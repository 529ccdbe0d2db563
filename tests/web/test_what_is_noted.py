"""Every page that shows something of a case leaves one line in the record of who saw what: who, for whom, what, on which ground."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from flask import Flask
from visits import Visitor, screens_of

from engine import store
from engine.people import Person

if TYPE_CHECKING:
    from households import Town

pytest_plugins = ("households",)

CENTRE, HEALTH, RECEIVED, CARE = "えしこに", "健康対策課(地区担当保健師)", "地域包括支援センター", "居宅介護支援事業所(ケアマネジャー)"
LEAD = "lead"
Line = tuple[Any, ...]


class Screens:
    """A town at its screens, and the record of who saw what."""

    def __init__(self, town: Town, name: str) -> None:
        self.town, self.name, self.number = town, name, town.number(name)
        self.app: Flask = screens_of(town.city)

    def of(self, who: str | Person) -> Visitor:
        visitor = self.app.test_client()
        assert isinstance(visitor, Visitor)
        return visitor.signed_in_as(self.person(who))

    def person(self, who: str | Person) -> Person:
        return self.town.person(who) if isinstance(who, str) else who

    def reads(self, who: str | Person, path: str, status: int = 200) -> str:
        """Somebody opens a page and has it before them."""
        with self.of(who).get(path) as answer:
            assert answer.status_code == status, answer.text
            return answer.text

    def rows(self) -> list[Any]:
        log = store.access_log
        with self.town.city.store.reading() as c:
            return c.execute(sa.select(log).order_by(log.c.id)).all()

    def lines(self, who: str | Person) -> list[Line]:
        """What is recorded of somebody, each time with ground and level."""
        person = self.person(who)
        found = [row for row in self.rows() if row.person == person.id]
        assert all(row.organisation == self.town.acts(person).organisation and row.case == self.town.cases[self.name] for row in found)
        return [(row.what, row.ground, row.level) for row in found]

    def answer(self, form: str) -> int:
        answer = store.answer
        with self.town.city.store.reading() as c:
            return c.scalar(
                sa.select(sa.func.max(answer.c.id)).where(answer.c.case == self.town.cases[self.name], answer.c.form == form)
            ) or 0  # fmt: skip


@pytest.fixture
def supported(supporting_town: Town) -> Screens:
    return Screens(supporting_town, "decided")


def test_the_page_of_a_case_and_what_is_written_from_it(supported: Screens) -> None:
    for page in ("", "/record", "/consent", "/consent?withdraw=1", "/people"):
        supported.reads(CENTRE, f"/cases/{supported.number}{page}")
    noted = [("case", LEAD, "L2"), ("record", LEAD, "L2"), ("consent", LEAD, "L2"), ("withdrawal", LEAD, "L2"), ("people", LEAD, "L2")]
    assert supported.lines(CENTRE) == noted


def test_an_answer_its_correction_and_its_paper(supported: Screens) -> None:
    plan = supported.answer("F10")
    supported.reads(HEALTH, f"/cases/answers/{plan}")
    assert supported.lines(HEALTH) == [(f"answer:{plan}", "plan", "L2")]
    record = supported.answer("F13")
    supported.reads(CENTRE + "の長", f"/cases/answers/{record}/correct")
    supported.reads(CENTRE + "の長", f"/cases/answers/{record}/paper")
    assert supported.lines(CENTRE + "の長") == [(f"correct:{record}", "own", "L2"), (f"paper:{record}", "own", "L2")]


def test_every_sheet_of_a_print_has_a_line(supported: Screens) -> None:
    plan = supported.answer("F10")
    page = supported.reads(CENTRE, f"/cases/answers/{plan}/paper")
    noted = [what for what, _ground, _level in supported.lines(CENTRE)]
    assert len(noted) == page.count('<article class="paper') > 1 and noted[0] == f"paper:{plan}"


def test_a_task_is_noted_on_the_ground_that_it_is_ones_own_or_that_of_ones_people(asking_town: Town) -> None:
    asked = Screens(asking_town, "asked")
    (link,) = set(re.findall(r"/tasks/[\w:.-]+", asked.reads(CARE, "/")))
    head = asking_town.joins("kyotaku-cho", "架空 長", f"{asking_town.by(CARE).organisation}.head")
    asked.reads(CARE, link)
    asked.reads(head, link)
    task = f"task:{link.removeprefix('/tasks/')}"
    assert asked.lines(CARE) == [(task, "own_task", "L2")] and asked.lines(head) == [(task, "head", "L2")]


def test_a_meeting_is_noted_for_each_case_that_it_shows(town: Town) -> None:
    agenda = Screens(town, "on_the_agenda")
    with town.city.store.reading() as c:
        meeting = c.scalar(sa.select(store.agenda_item.c.meeting).where(store.agenda_item.c.case == town.cases["on_the_agenda"]))
    agenda.reads(CENTRE, f"/meetings/{meeting}")
    assert agenda.lines(CENTRE) == [(f"meeting:{meeting}", LEAD, "L2")]
    agenda.reads("市民税課", f"/meetings/{meeting}")
    assert agenda.lines("市民税課") == []  # told only that something is on the agenda


def test_a_search_is_noted_for_each_case_that_it_found(supported: Screens) -> None:
    supported.reads(CENTRE, f"/search?q={supported.number}")
    assert supported.lines(CENTRE) == [("search", None, "L1")]
    supported.reads("市民税課", f"/search?q={supported.number}")
    assert supported.lines("市民税課") == []


def test_a_file_is_noted_before_it_leaves(supported: Screens) -> None:
    with supported.of(RECEIVED) as visitor:
        visitor.sends(f"/cases/{supported.number}/attach", {"file": (io.BytesIO("架空の書類".encode()), "架空.txt")})
    path = re.search(rf"/cases/{supported.number}/files/(\d+)", supported.of(RECEIVED).get(f"/cases/{supported.number}").text)
    assert path is not None
    answer = supported.of(RECEIVED).get(path[0])
    assert (f"file:{path[1]}", "received", "L2") in supported.lines(RECEIVED)  # nothing of it was read yet
    assert answer.data.decode() == "架空の書類"


def test_a_page_that_is_not_shown_leaves_no_line(supported: Screens) -> None:
    plan = supported.answer("F10")
    for path in (f"/cases/{supported.number}", f"/cases/{supported.number}/people", f"/cases/answers/{plan}", f"/cases/answers/{plan}/paper"):
        supported.reads("市民税課", path, 404)
    assert supported.rows() == []


def test_no_line_says_anything_of_the_household(supported: Screens) -> None:
    for path in ("", "/people"):
        supported.reads(CENTRE, f"/cases/{supported.number}{path}")
    supported.reads(CENTRE, "/search?q=架空")
    assert supported.rows()
    assert not [row for row in supported.rows() if "架空" in repr(row._mapping)]
