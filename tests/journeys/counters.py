"""A person at a real browser: becomes somebody, opens what waits, types by the words on the page. It must not reach behind the screens.

Fields, options and buttons are found by what people read, never by their names in the page.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from playwright.sync_api import Locator, Page

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
KEYS_A_SECOND = 8  # of somebody who types while listening

Row = Mapping[str, str]
Typed = str | bool | date | list[str] | list[Row]


def exactly(text: str) -> re.Pattern[str]:
    """This text and no more; what only a screen reader says may stand apart from what is seen."""
    return re.compile(rf"^\s*{re.escape(text)}\s*$".replace("：", r"\s*："))


@dataclass
class Counter:
    """One window of the browser, through which one person after another works."""

    page: Page
    address: str
    time_passes: Callable[[], None]
    complaints: list[str] = field(default_factory=list)
    looked_at: set[str] = field(default_factory=set)
    who: str = ""
    is_timed: bool = False  # type as slowly as a person

    def __post_init__(self) -> None:
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    # -- going about -------------------------------------------------------------------------------------------------
    def becomes(self, name: str) -> None:
        """By the screen that only a demo has."""
        self.page.goto(self.address + "/demo")
        self.presses(f"この人になる：{name}")
        self.who = name

    def list(self) -> list[str]:
        """The titles of what this person could do now."""
        self.page.goto(self.address + "/")
        self.looks()
        return self.page.locator("a.row-title").all_inner_texts()

    def opens(self, task: str) -> None:
        """Opens a task from the list by its title; whoever may only take it takes it first."""
        titles = self.list()
        assert task in titles, f"{self.who} の一覧: {titles}"
        self.page.locator("a.row-title").filter(has_text=exactly(task)).first.click()
        self.page.wait_for_url("**/tasks/**")
        self.looks()

    def takes(self, task: str) -> None:
        """Takes a task by the button of its row."""
        assert task in self.list()
        self.presses(f"引き受ける：{task}")
        self.page.wait_for_url("**/tasks/**")

    def presses(self, name: str) -> None:
        with self.page.expect_navigation():
            self.page.get_by_role("button", name=exactly(name)).first.click()

    def completes(self) -> None:
        """Presses the button of the page some minutes later; the next page must say that the task is done."""
        before = self.heading
        self.time_passes()
        self.presses("完了する")
        wrong = self.page.locator(".errors li").all_inner_texts()
        assert not wrong, f"{self.who}「{before}」: {wrong}"
        assert f"「{before}」を終えました。" in self.page.locator("main").inner_text()

    @property
    def heading(self) -> str:
        return self.page.get_by_role("heading", level=1).inner_text().strip()

    def case_page(self, number: str) -> dict[str, str]:
        """Opens the page of a case; gives what its head says: ケース, 多機関協働, 主担当."""
        self.page.goto(f"{self.address}/cases/{number}")
        self.looks()
        head = self.page.get_by_role("region", name="いまの状態")
        return dict(zip(head.locator("dt").all_inner_texts(), head.locator("dd").all_inner_texts(), strict=True))

    def facts(self) -> list[list[str]]:
        """What a task's page says of the case in brief."""
        brief = self.page.locator("dl.facts")
        return [list(pair) for pair in zip(brief.locator("dt").all_inner_texts(), brief.locator("dd").all_inner_texts(), strict=True)]

    def looks(self) -> None:
        """What axe finds and what sticks out, once for each kind of page."""
        kind = re.sub(r"[0-9a-f-]{8,}|\d+", "…", self.page.url) + self.heading
        if kind in self.looked_at:
            return
        self.looked_at.add(kind)
        self.page.evaluate(AXE.read_text("utf-8"))
        found = self.page.evaluate("axe.run({resultTypes: ['violations']})")["violations"]
        flaws = [f"{each['id']}: {each['nodes'][0]['html'][:160]}" for each in found]
        if self.page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            flaws.append("sticks out sideways")
        assert not flaws, f"{self.page.title()}: {flaws}"

    # -- writing -----------------------------------------------------------------------------------------------------
    def writes(self, answers: Mapping[str, Typed]) -> None:
        """Fills fields by their titles. Rows of a list are mappings from a column's title."""
        for title, value in answers.items():
            at = self.field(title)
            if isinstance(value, list) and value and isinstance(value[0], Mapping):
                for n, row in enumerate(value):
                    self.writes_row(title, n, row)  # type: ignore[arg-type]
            else:
                self.writes_in(at, value)

    def field(self, title: str) -> Locator:
        name = self.page.locator(".form-parts .field:visible").filter(
            has=self.page.locator(".field-name > span").filter(has_text=re.compile(rf"^\s*{re.escape(title)}\s*(必須)?\s*$"))
        )
        assert name.count() == 1, f"「{title}」の欄が{name.count()}個あります({self.heading})"
        return name

    def writes_row(self, title: str, n: int, row: Row) -> None:
        if self.field(title).locator(":scope > div > .repeat").count() <= n:
            self.presses(f"{title}を追加する")
        for column, value in row.items():
            at = self.field(title).locator(":scope > div > .repeat").nth(n)
            cells = at.locator(".cell").filter(has=self.page.locator(".label > span").filter(has_text=re.compile(rf"^\s*{re.escape(column)}\s*(必須)?\s*$")))
            assert cells.count() == 1, f"「{title}」の「{column}」が{cells.count()}個あります"
            self.writes_in(cells, value)

    def writes_in(self, at: Locator, value: Typed) -> None:
        if isinstance(value, date):
            for ending, part in (("-y", value.year - 2018), ("-m", value.month), ("-d", value.day)):
                at.locator(f".date input[id$='{ending}']").fill(str(part))
        elif isinstance(value, bool):
            at.locator("input[type=checkbox]").set_checked(value)
        elif isinstance(value, list):
            for option in value:
                at.locator(".choice").filter(has_text=exactly(str(option))).locator("input").check()
        elif at.locator("select").count():
            chosen = at.locator("select").first
            labels = [text.strip() for text in chosen.locator("option").all_inner_texts()]
            chosen.select_option(label=next(label for label in labels if label.startswith(value)))
        elif at.locator("input[type=radio]").count():
            at.locator(".choice").filter(has_text=exactly(value)).locator("input").check()
        else:
            box = at.locator("textarea, input:not([type=hidden])").first
            if self.is_timed:
                box.press_sequentially(value, delay=1000 / KEYS_A_SECOND)
            else:
                box.fill(value)
