"""How the pages look and serve in a real browser: nothing sticks out, nothing complains, axe finds nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page
from previewed import PAGES, add_previews
from visits import PASSWORD, Screen, Staff, screens_of

from engine.city import City

pytestmark = pytest.mark.browser
WIDTHS = (1440, 360)


def assert_sound(screen: Screen) -> None:
    assert screen.sticks_out() == []
    assert screen.findings() == []
    assert screen.complaints == []
    assert screen.page.locator("h1").count() == 1


@pytest.fixture
def previews(screen: Screen, staff: Staff) -> Screen:
    add_previews(screen.app)
    return screen.signed_in_as(staff.joins(groups=("esikoni", "esikoni.head"), administrator=True))


# Every page, wide and narrow


@pytest.mark.parametrize("width", WIDTHS)
def test_the_sign_in_page_is_sound_clean_and_with_an_error(screen: Screen, width: int) -> None:
    page = screen.opens("/sign-in", width)
    assert_sound(screen)
    page.get_by_label("利用者ID").fill("harukaze")
    page.get_by_label("パスワード").fill("wrong password")
    page.get_by_role("button", name="ログイン", exact=True).click()
    assert page.title() == "エラー：ログイン ― 伴走"
    assert page.evaluate("document.activeElement.id") == "errors"
    assert_sound(screen)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("path", ["/account", "/no-such-page", "/sign-out"])
def test_pages_of_the_frame_are_sound(screen: Screen, staff: Staff, path: str, width: int) -> None:
    screen.signed_in_as(staff.joins()).opens(path, width)
    assert_sound(screen)


@pytest.mark.parametrize("width", WIDTHS)
def test_choosing_an_organisation_is_sound(screen: Screen, staff: Staff, width: int) -> None:
    screen.signed_in_as(staff.joins(groups=("choju", "esikoni"))).opens("/account", width)
    assert screen.page.title() == "どの所属として使いますか ― 伴走"
    assert_sound(screen)


@pytest.mark.parametrize("name", PAGES)
def test_every_screen_is_sound_at_every_width(previews: Screen, name: str) -> None:
    for width in WIDTHS:
        previews.opens(f"/previews/{name}", width)
        assert_sound(previews)


@pytest.fixture
def demo_previews(demo_city: City, browser_of: object, staff: Staff) -> Iterator[Screen]:
    staff.joins("nijihashi", "虹橋 ゆう", groups=("esikoni.head",), demo=True)
    yield from browser_of(screens_of(demo_city))  # type: ignore[operator]


@pytest.mark.parametrize("width", WIDTHS)
def test_a_demo_is_sound_and_a_press_makes_one_somebody_else(demo_previews: Screen, width: int) -> None:
    page = demo_previews.opens("/demo?next=/account", width)
    assert_sound(demo_previews)
    page.get_by_role("button").filter(has_text="虹橋 ゆう").click()
    assert page.get_by_role("heading", level=1).inner_text() == "わたしの設定"
    assert_sound(demo_previews)


@pytest.fixture
def bare_previews(city: City, browser_of: object, staff: Staff, tmp_path: Path) -> Iterator[Screen]:
    app = screens_of(city, NODE_MODULES=tmp_path)
    add_previews(app)
    for screen in browser_of(app):  # type: ignore[operator]
        yield screen.signed_in_as(staff.joins())


@pytest.mark.parametrize("name", ["inbox", "case", "process", "task-wrong"])
def test_without_the_fetched_files_the_screens_are_sound_too(bare_previews: Screen, name: str) -> None:
    page = bare_previews.opens(f"/previews/{name}")
    assert_sound(bare_previews)
    ink = page.evaluate("getComputedStyle(document.querySelector('.btn--main, .btn')).borderTopColor")
    assert ink not in ("", "rgb(0, 0, 0)", "rgba(0, 0, 0, 0)")


# What a press does


def test_signing_in_by_keyboard_alone(screen: Screen, staff: Staff) -> None:
    staff.joins(password=PASSWORD)
    page = screen.opens("/sign-in?next=/account")
    page.get_by_label("利用者ID").focus()
    page.keyboard.type("harukaze")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_role("heading", level=1, name="わたしの設定").wait_for()


def test_the_first_stop_of_the_keyboard_leads_past_the_menu(previews: Screen) -> None:
    page = previews.opens("/previews/inbox")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "本文へ移動"
    ring = page.evaluate("getComputedStyle(document.activeElement).outlineWidth")
    assert ring == "4px"


def test_a_menu_closes_by_escape_and_by_a_press_beside_it(previews: Screen) -> None:
    page = previews.opens("/previews/inbox")
    menu = page.locator("details.who")
    menu.locator("summary").click()
    assert menu.get_attribute("open") is not None
    page.keyboard.press("Escape")
    assert menu.get_attribute("open") is None
    assert page.evaluate("document.activeElement.closest('details').className") == "who"
    menu.locator("summary").click()
    page.locator("h1").click()
    assert menu.get_attribute("open") is None


def test_a_phone_reaches_every_page_by_its_menu(previews: Screen) -> None:
    page = previews.opens("/previews/inbox", 360)
    assert not page.get_by_role("navigation", name="主な画面").is_visible()
    page.get_by_text("メニュー", exact=True).click()
    menu = page.get_by_role("navigation", name="メニュー")
    for title in ("やること", "ケース", "会議", "滞り", "業務の流れ", "職員と組織", "わたしの設定"):
        assert menu.get_by_role("link", name=title, exact=True).is_visible(), title
    assert menu.get_by_role("button", name="ログアウト").is_visible()


def said(page: Page) -> str:
    return page.locator("[data-count]").inner_text()


def test_rows_are_counted_as_they_are_chosen(previews: Screen) -> None:
    page = previews.opens("/previews/inbox")
    rows, whole = page.locator('input[name="task"]'), page.get_by_label("すべて選ぶ")
    assert said(page) == "行を選ぶと、まとめてできます"
    rows.nth(0).check()
    rows.nth(1).check()
    assert said(page) == "2件を選んでいます"
    whole.check()
    assert said(page) == f"{rows.count()}件を選んでいます"
    page.get_by_role("button", name="選択をやめる").click()
    page.wait_for_function("!document.querySelector('input[name=task]:checked')")
    assert said(page) == "行を選ぶと、まとめてできます" and not whole.is_checked()


# Without scripts


@pytest.fixture
def plain(previews: Screen, browser: object) -> Iterator[Page]:
    context = browser.new_context(java_script_enabled=False)  # type: ignore[attr-defined]
    context.add_cookies(previews.page.context.cookies())
    yield context.new_page()
    context.close()


def test_without_scripts_nothing_is_offered_that_needs_them(previews: Screen, plain: Page) -> None:
    for name in ("inbox", "process", "conflict"):
        plain.goto(f"{previews.address}/previews/{name}")
        for needy in ("[data-all]", "[data-print]", "[data-zoom]"):
            for each in plain.locator(needy).all():
                assert not each.is_visible(), (name, needy)


def test_without_scripts_a_diagram_is_its_table(previews: Screen, plain: Page) -> None:
    plain.goto(f"{previews.address}/previews/process")
    assert plain.get_by_text("図が出ないときは、同じ内容を表で見られます。").is_visible()
    assert plain.get_by_role("row").filter(has_text="プラン案を作る").is_visible()


# The diagram


def test_a_diagram_carries_the_numbers_and_the_heat_of_its_table(previews: Screen) -> None:
    page = previews.opens("/previews/process")
    page.wait_for_selector(".djs-overlay .no")
    assert page.locator(".djs-overlay .no").count() == page.locator("tr[data-element]").count()
    assert page.locator('[data-element-id="plan"].heat-3').count() == 1
    assert page.get_by_text("5件・滞り3", exact=True).is_visible()
    assert page.locator(".bjs-powered-by").is_visible()
    assert_sound(previews)


def test_you_are_here_is_drawn_when_it_is_asked_for(previews: Screen) -> None:
    page = previews.opens("/previews/task")
    assert page.locator(".djs-container").count() == 0
    page.get_by_text("業務の流れの図（いまここ）").click()
    page.wait_for_selector(".djs-shape.is-here")
    assert_sound(previews)


def test_a_diagram_that_cannot_be_read_says_where_its_content_is(previews: Screen) -> None:
    previews.page.route("**/process.bpmn", lambda route: route.fulfill(body="no diagram"))
    page = previews.opens("/previews/process")
    page.wait_for_selector("text=図を表示できませんでした。同じ内容が「段階の表」にあります。")


# Drafts


@pytest.fixture
def typing(previews: Screen) -> Page:
    """The page of a task whose clock stands still."""
    previews.page.clock.install()
    return previews.opens("/previews/task")


def test_a_draft_is_kept_a_moment_after_the_last_key(typing: Page) -> None:
    page = typing
    page.locator("textarea").first.fill("転んで手首を痛めた。")
    with page.expect_request("**/tasks/57-1/draft") as kept:
        page.clock.run_for(2000)
    sent = kept.value.post_data or ""
    assert "csrf_token=" in sent and "%E8%BB%A2" in sent
    page.wait_for_selector("text=下書きを保存しました。閉じても消えません。")


def test_a_draft_waits_until_a_conversion_has_ended(typing: Page) -> None:
    page, sent = typing, []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    field = page.locator("textarea").first
    field.dispatch_event("compositionstart")
    field.fill("ころんで")
    page.clock.run_for(10_000)
    assert sent == []
    field.dispatch_event("compositionend")
    with page.expect_request("**/tasks/57-1/draft"):
        page.clock.run_for(2000)


def test_a_draft_that_cannot_be_kept_says_so_and_tries_again(typing: Page) -> None:
    page = typing
    page.route("**/draft", lambda route: route.abort())
    page.locator("textarea").first.fill("転んで手首を痛めた。")
    page.clock.run_for(2000)
    page.wait_for_selector("text=いまは保存できません。つながったら、もう一度保存します。")
    page.unroute("**/draft")
    with page.expect_request("**/tasks/57-1/draft"):
        page.clock.run_for(16_000)


# Paper


def test_on_paper_only_the_content_stands(previews: Screen) -> None:
    page = previews.opens("/previews/case")
    page.emulate_media(media="print")
    for gone in (".header", ".footer", ".crumbs", ".btn", ".tabs", ".list--links"):
        assert not page.locator(gone).first.is_visible(), gone
    assert page.get_by_text("取扱注意").is_visible()
    assert page.get_by_text("印刷 令和8年11月25日 10:50").is_visible()
    assert page.get_by_role("heading", name="若草さん世帯").is_visible()
