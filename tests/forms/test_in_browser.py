"""Forms in Chromium: complete without JavaScript, fields that appear by style alone, conversion of kana never submits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from filled import CHOICES, area, auto, chosen, day, form_of, many, one, options, rows, text, tick, when
from playwright.sync_api import Browser, Page, Route

from forms import Form, Submitted, check, draw, layout, links, load, read
from forms.form import anybody

ROOT = Path(__file__).parents[2]
STATIC = ROOT / "web" / "static"
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
REAL, _ = load(ROOT / "forms" / "schemas")
POLICY = {"Content-Security-Policy": "default-src 'self'", "Content-Type": "text/html; charset=utf-8"}
pytestmark = pytest.mark.browser


class Desk:
    """One form served to one browser: draws, reads what is sent, draws again; remembers the last that was sent."""

    def __init__(self, page: Page, form: Form, part: str, data: dict[str, Any]) -> None:
        self.page, self.form, self.part, self.data = page, form, part, data
        self.sent: list[Submitted] = []
        page.route("http://forms.test/**", self.answer)
        page.goto("http://forms.test/")

    def turn_to(self, part: str) -> None:
        """Opens another part of the form, with nothing in it."""
        self.part, self.sent = part, []
        self.page.goto("http://forms.test/")

    def flaws(self) -> list[str]:
        """What axe finds (WCAG and best practice), and whether something sticks out sideways."""
        self.page.evaluate(AXE.read_text(encoding="utf-8"))
        found = self.page.evaluate("axe.run({resultTypes: ['violations']})")["violations"]
        wide = self.page.evaluate("document.documentElement.scrollWidth > innerWidth")
        return [f"{each['id']}: {each['nodes'][0]['html']}" for each in found] + ["too wide"] * wide

    def answer(self, route: Route) -> None:
        path = STATIC / route.request.url.rpartition("/")[2].partition("#")[0]
        if path.is_file():
            return route.fulfill(path=path)
        if route.request.method == "POST":
            body = parse_qs(route.request.post_data or "", keep_blank_values=True)
            self.sent.append(read(self.form, self.part, body, before=self.data))
        route.fulfill(headers=POLICY, body=self.body())

    def body(self) -> str:
        last = self.sent[-1] if self.sent else None
        tried = last is not None and last.wants == "complete"
        errors = check(self.form, self.part, last.data, found=last.errors) if last and tried else []
        typed = last.typed if last else None
        drawn = draw(self.form, self.part, self.data, errors=errors, typed=typed, choices=CHOICES, action="http://forms.test/")
        where = links(self.form, self.part, errors)
        listed = "".join(f'<li><a href="#{target}">{words}</a></li>' for target, words in where)
        return (
            '<!doctype html><html lang="ja"><meta charset="utf-8"><title>架空</title>'
            '<link rel="stylesheet" href="app.css"><script src="form.js" defer></script>'
            f'<main class="page"><h1>架空の画面</h1><ol>{listed}</ol>'
            f'<form class="sheet" method="post" action="http://forms.test/">{drawn}'
            '<p><button class="btn" name="do" value="complete">完了する</button></p></form></main></html>'
        )


@pytest.fixture
def opened(browser: Browser) -> Iterator[Callable[..., Desk]]:
    contexts = []

    def open_form(form: Form, part: str = "a", data: dict[str, Any] | None = None, scripts: bool = False) -> Desk:
        contexts.append(browser.new_context(java_script_enabled=scripts))
        return Desk(contexts[-1].new_page(), form, part, data or {})

    yield open_form
    for context in contexts:
        context.close()


SHEET = form_of(
    {
        "no": auto(text("番号")),
        "name": text("氏名"),
        "note": area("内容"),
        "ack": one("回答", options(yes="受理", no="差戻し")),
        "reason": area("差戻しの理由"),
        "due": day("期日"),
        "people": rows("人", ["name"], x_widget="person", name=text("名"), born=day("生年月日"), seen=tick("会った")),
    },
    ["name", "ack"],
    allOf=[when("ack", "no", "reason"), when("ack", "yes", "due")],
)


def test_a_form_is_filled_without_javascript(opened: Callable[..., Desk]) -> None:
    desk = opened(SHEET, data={"no": "2026-00042"})
    page = desk.page
    page.get_by_label("氏名").fill("葛󠄀城 𠮷")
    page.get_by_label("内容").fill("\n一行目\n二行目")
    page.get_by_role("group", name="1人目", exact=True).get_by_label("名", exact=False).first.fill("一")
    page.get_by_role("button", name="人を追加する").click()
    assert page.url.endswith("#people")
    second = page.get_by_role("group", name="2人目")
    second.get_by_label("名", exact=False).first.fill("二")
    second.get_by_label("元号").select_option("平成")
    for label, typed in (("年", "31"), ("月", "5"), ("日", "1")):
        second.get_by_label(label, exact=True).fill(typed)
    page.locator("button[value='remove:people:0']").click()
    page.get_by_role("button", name="完了する").click()
    assert page.get_by_text("令和元年5月1日ではありませんか").count() == 2
    page.get_by_role("link", name="「回答」を1つ選んでください。").click()
    assert page.url.endswith("#ack")
    page.get_by_role("radio", name="受理").check()
    first = page.get_by_role("group", name="1人目")
    first.get_by_label("日", exact=True).fill("1")
    first.get_by_label("元号").select_option("令和")
    first.get_by_label("年", exact=True).fill("元")
    due = page.get_by_role("group", name="期日")
    due.get_by_label("元号").select_option("西暦")
    for label, typed in (("年", "2026"), ("月", "12"), ("日", "1")):
        due.get_by_label(label, exact=True).fill(typed)
    page.get_by_role("button", name="完了する").click()
    last = desk.sent[-1]
    assert check(SHEET, "a", last.data, found=last.errors) == []
    assert last.data == {
        "no": "2026-00042",
        "name": "葛󠄀城 𠮷",
        "note": "\n一行目\n二行目",
        "ack": "yes",
        "due": "2026-12-01",
        "people": [{"name": "二", "born": "2019-05-01"}],
    }


def test_what_appears_by_style_is_exactly_what_reading_keeps(opened: Callable[..., Desk]) -> None:
    form = form_of(
        {
            "ack": one("回答", options(yes="受理", maybe="条件付き", no="差戻し")),
            "how": one("方法", options(**{f"h{at}": f"方法{at}" for at in range(9)})),
            "reason": area("理由"),
            "due": day("期日"),
            "signs": many("印"),
            "orgs": rows("機関", conditions=[when("ask", True, "why")], ask=tick("たずねる"), why=text("わけ")),
            "late": tick("遅れる"),
            "until": day("いつまで"),
        },
        allOf=[
            when("ack", "maybe", "reason"),
            when("ack", "no", "reason"),
            when("ack", "yes", "how"),
            when("how", "h3", "due"),
            {
                "if": {"properties": {"signs": {"contains": {"enum": ["a", "b"]}}}, "required": ["signs"]},
                "then": {"required": ["orgs"]},
            },
            when("late", True, "until"),
        ],
    )
    page = opened(form).page
    plan = layout(form, "a", anybody)

    def shown() -> set[str]:
        return {field.name for field in plan.fields if page.locator(f'[id="{field.name}-l"], #{field.name}').first.is_visible()}

    def expected(data: dict[str, Any]) -> set[str]:
        return {field.name for field in plan.fields if not plan.switches.hides(field.name, data)}

    for steps, data in (
        ([], {}),
        ([("check", "受理")], {"ack": "yes"}),
        ([("select", "h3")], {"ack": "yes", "how": "h3"}),
        ([("check", "差戻し")], {"ack": "no", "how": "h3"}),
        ([("check", "条件付き"), ("check", "乙"), ("check", "遅れる")], {"ack": "maybe", "signs": ["b"], "late": True}),
    ):
        for verb, what in steps:
            if verb == "check":
                page.get_by_label(what).first.check()
            else:
                page.locator("#how").select_option(what)
        assert shown() == expected(data)
    why = page.locator("#orgs-0-why")
    assert not why.is_visible()
    page.locator("#orgs-0-ask").check()
    assert why.is_visible()


@pytest.mark.parametrize("form", REAL.values(), ids=REAL)
def test_every_part_of_a_real_form_is_sound_on_a_phone_with_all_its_errors(opened: Callable[..., Desk], form: Form) -> None:
    desk = opened(form, form.parts[0].id, scripts=True)
    desk.page.set_viewport_size({"width": 360, "height": 800})
    for part in form.parts:
        desk.turn_to(part.id)
        desk.page.get_by_role("button", name="完了する").click()
        assert desk.sent[-1].errors == ()
        assert set(desk.sent[-1].data.values()) <= {False}
        assert desk.flaws() == []


def test_a_new_meeting_asks_for_its_day(opened: Callable[..., Desk]) -> None:
    page = opened(form_of({"meeting": chosen("meeting", "会議")})).page
    boxes = page.get_by_role("group", name="新しい会議の開催日")
    assert not boxes.is_visible()
    page.get_by_label("会議", exact=True).select_option("new")
    assert boxes.is_visible()


def test_enter_keeps_a_draft_and_never_removes_a_row_or_completes(opened: Callable[..., Desk]) -> None:
    desk = opened(SHEET)
    desk.page.get_by_label("氏名").fill("星空")
    desk.page.get_by_label("氏名").press("Enter")
    assert desk.sent[-1].wants == "save"
    assert desk.page.get_by_label("氏名").input_value() == "星空"


def test_enter_that_ends_a_conversion_sends_nothing(opened: Callable[..., Desk]) -> None:
    desk = opened(SHEET, scripts=True)
    name = desk.page.get_by_label("氏名")
    pressed = "(input, words) => input.dispatchEvent(new KeyboardEvent('keydown', words))"
    key = {"key": "Enter", "bubbles": True, "cancelable": True}
    assert not name.evaluate(pressed, {**key, "isComposing": True})
    assert not name.evaluate(pressed, {**key, "keyCode": 229})
    assert name.evaluate(pressed, key)
    assert desk.sent == []


def test_the_count_of_required_fields_follows_typing(opened: Callable[..., Desk]) -> None:
    page = opened(SHEET, scripts=True).page
    heading = page.get_by_role("heading", level=2).first
    assert "必須 2項目のうち0項目を入力済み" in heading.inner_text()
    page.get_by_label("氏名").fill("星空")
    assert "必須 2項目のうち1項目を入力済み" in heading.inner_text()
    page.get_by_role("radio", name="差戻し").check()
    assert "必須 3項目のうち2項目を入力済み" in heading.inner_text()
