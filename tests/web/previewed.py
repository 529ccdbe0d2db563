"""The largest screens filled to the brim with fictional data: every tag, note and button that a template knows, at once.

It reads no case and stands in for none: what real cases show is tested with the screens themselves.
"""

# ruff: noqa: E501 (a line of sample data is a row of a page)

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from flask import Flask, Response, render_template
from markupsafe import Markup
from werkzeug.datastructures import MultiDict

import forms
from forms import Form, Part

HERE = Path(__file__).parent / "previews"
TODAY = date(2026, 11, 25)

# What the templates link to: blueprint -> (endpoint, rule); all of them answer with an empty page.
LINKED = {
    "inbox": [("index", "/"), ("act", "/act")],
    "tasks": [(name, f"/tasks/<task>/{name}") for name in
              ("show", "complete", "draft", "claim", "give_back", "reassign", "change_due", "comment", "attach")],
    "cases": [("new", "/cases/new"), ("create", "/cases/create"), ("draft", "/cases/draft"), ("show", "/cases/<number>")]
    + [(name, f"/cases/<number>/{name}") for name in ("record", "people", "consent", "attach")],
    "meetings": [("index", "/meetings"), ("create", "/meetings/create"), ("show", "/meetings/<meeting>"),
                 ("minutes", "/meetings/<meeting>/minutes")],
    "watch": [("stalled", "/stalled")],
    "processes": [("index", "/processes"), ("show", "/processes/<process>")],
    "people": [("index", "/people"), ("add", "/people/add")]
    + [(name, f"/people/<person>/{name}") for name in ("join", "leave", "deactivate", "reactivate", "reset")],
    "search": [("index", "/search")],
}  # fmt: skip


def it(**fields: Any) -> SimpleNamespace:
    return SimpleNamespace(**fields)


def at(month: int, day: int, hour: int = 9, minute: int = 0) -> datetime:
    """A moment of 令和8年 in Tokyo."""
    return datetime(2026, month, day, hour - 9 if hour >= 9 else hour + 15, minute, tzinfo=UTC)


def due(state: str, month: int, day: int, days: int = 0) -> SimpleNamespace:
    return it(state=state, on=date(2026, month, day), days=days)


def choice(title: str, count: int | None = None, here: bool = False, late: bool = False, note: str | None = None) -> Any:
    return it(title=title, url="#", here=here, count=count, late=late, note=note)


def row(number: int, title: str, household: str, process: str, why: str, due: Any, who: str = "", do: str = "open", **more: Any) -> Any:
    known = {"has_draft": False, "is_restricted": False, "is_here": False, "only_you": False, "others": None, **more}
    case = f"2026-{number:05}"
    return it(id=f"{number}-1", title=title, url=f"/tasks/{number}-1/show", number=case, case_url=f"/cases/{case}",
              household=household, process=process, why=why, due=due, who=who, is_mine=not who, do=do, **known)  # fmt: skip


def inbox() -> dict[str, Any]:
    late = [
        row(31, "情報照会の回答を確かめる", "朝霧さん世帯", "多機関協働", "期限を2開庁日過ぎ、川辺地域包括の回答がまだです", due("late", 11, 20, 2)),
        row(44, "経過記録を書く（11月18日の訪問）", "夕凪さん世帯", "継続支援", "訪問から3開庁日までに書く決まりです",
            due("late", 11, 24, 1), do="continue", has_draft=True),
    ]  # fmt: skip
    soon = [
        row(57, "振り分けを判断する", "星空さん世帯", "受付・振り分け", "受付の翌開庁日までに最初の返事をする決まりです",
            due("soon", 11, 25, 0), do="continue", has_draft=True, is_here=True),
        row(42, "支援会議の素案をまとめる", "若草さん世帯", "支援会議", "明日が支援会議です。", due("soon", 11, 26, 1),
            is_restricted=True, only_you=True),
        row(55, "つなぐシートを受け取るか決める", "雪灯さん世帯", "つなぐ", "福祉課が返事を待っています（3開庁日以内）",
            due("soon", 11, 26, 1), "えしこに", "claim", others=6),
    ]  # fmt: skip
    later = [
        row(38, "プラン案をつくる", "波間さん世帯", "プランをつくる", "ふだん2開庁日かかります。今日から始めれば間に合います", due("later", 11, 27, 2)),
        row(52, "受理会議の記録を書く", "月見さん世帯", "多機関協働", "金曜の受理会議までに必要です", due("later", 11, 27, 2), "えしこに", "claim", others=6),
        row(12, "モニタリングをする", "花筏さん世帯", "継続支援", "プランで決めた見直しの日です", due("later", 12, 1, 4)),
    ]  # fmt: skip
    waiting = [
        row(36, "役割を引き受けられるか答える", "綿雪さん世帯", "プランをつくる", "障がい者基幹相談支援センターの返事待ち。11月30日に催促します",
            due("waiting", 11, 30), "障がい者基幹相談支援センター", "remind"),
    ]  # fmt: skip
    return {
        "views": [choice("いまやること", 8, here=True), choice("わたしの担当", 6), choice("引き受け待ち", 2), choice("返事待ち", 1),
                  choice("期限を過ぎた", 2, late=True), choice("チーム全員", 64)],
        "processes": [choice("受付・振り分け", 1), choice("つなぐ", 1), choice("多機関協働", 2), choice("プランをつくる", 2), choice("継続支援", 2)],
        "saved": [choice("今週の会議まで", 4, note="チーム"), choice("同意がまだ", 3, note="チーム"), choice("川辺地区", 5)],
        "save_url": "/act", "counts": it(now=8, late=2), "kept": {"view": "now"},
        "sorts": [it(code="best", title="おすすめ", here=True), it(code="due", title="期限", here=False), it(code="new", title="届いた順", here=False)],
        "groups": [it(title="期限を過ぎています", note=None, rows=late), it(title="今日・明日", note=None, rows=soon),
                   it(title="それから", note=None, rows=later), it(title="返事待ち", note="相手の番です。期限が来たら知らせます", rows=waiting)],
        "may_reassign": True, "may_change_due": True, "pages": whole(9),
        "done": it(text="「情報照会の回答を確かめる」（2026-00031）を引き受けました。", undo_url="/act"),
    }  # fmt: skip


def whole(n: int) -> Any:
    return it(first=1, last=n, total=n, previous_url=None, next_url=None)


def empty_inbox() -> dict[str, Any]:
    return {**inbox(), "groups": [], "counts": it(now=0, late=0), "pages": whole(0), "done": None}


def sample() -> tuple[Form, Part]:
    """The longest part of the city's forms, with which a page has to cope."""
    known, problems = forms.load(HERE.parents[2] / "forms" / "schemas")
    assert not problems
    parts = [(form, part) for form in known.values() for part in form.parts]
    return max(parts, key=lambda each: len(each[1].fields))


def drawn(data: dict[str, Any]) -> Markup:
    form, part = sample()
    return forms.draw(form, part, data)


def task() -> dict[str, Any]:
    return {
        "task": it(
            id="57-1", title="相談を受け止める", number="2026-00057", case_title="星空さん世帯", case_url="/cases/2026-00057", process="受付・振り分け",
            process_url="/processes/x", who="春風 さくら", is_mine=True, opened_at=at(11, 24, 16, 5), due=due("soon", 11, 25, 0), due_until="17:15まで",
            why_due="受付（11月24日）の翌開庁日までに最初の返事をする決まりです。11月23日の祝日は数えていません。",
            instructions=["聞き取れた範囲で書きます。必須の6項目のほかは、あとで書き足せます。",
                          "「担当ではない」で終わりにせず、つなぎ先が決まらないときはマネージャーに相談します。"], key="k-1"),
        "steps": it(title="受付・振り分けの5段階のうち3番目", entries=[
            it(title="相談を受け止める", note="11月24日 春風", state="done"), it(title="緊急性を確かめる", note="11月24日 該当なし", state="done"),
            it(title="振り分けを判断する", note="あなた・今日まで", state="current"), it(title="つなぐシートを書く", note="つぎ・あなた", state="ahead"),
            it(title="受付を閉じる", note="相手の受理まで", state="ahead")]),
        "form": drawn({}), "may_answer": True, "errors": [],
        "hints": [it(title="振り分けの目安：多機関協働へ", text="課題が2領域以上、関わる機関が2つ以上のため。決めるのは、あなたです。")],
        "draft": it(saved_at=at(11, 25, 10, 42)), "next_hint": "完了すると「つなぐシートを書く」があなたに届きます。",
        "brief": [("状態", "受付（振り分け前）"), ("世帯", "2人（82歳・53歳）"), ("住まい", "川辺地区"), ("連絡", "長女へ。平日16時以降")], "brief_note": None,
        "may": it(claim=False, give_back=True, reassign=True, change_due=True), "emergency_url": "/act",
        "colleagues": [it(id=2, name="虹橋 ゆう"), it(id=3, name="灯台 まもる")],
        "comments": [it(who="虹橋 ゆう", at=at(11, 25, 9, 10), text="地区の保健師に面識があるか聞いてみてください。"),
                     it(who="春風 さくら", at=at(11, 25, 10, 31), text="昼に灯台さんへ電話します。")], "may_comment": True,
        "files": [it(name="聞き取りメモ.pdf", url="#", who="春風 さくら", at=at(11, 24), size="84 KB")], "may_attach": True,
        "here": it(diagram_url="/previews/process.bpmn", table=[it(element="start", no=1, title="依頼を受け付ける", state="done"),
                   it(element="intake", no=2, title="受理会議", state="current"), it(element="consent", no=3, title="同意を確かめる", state="ahead")]),
        "done": None,
    }  # fmt: skip


def wrong_task() -> dict[str, Any]:
    form, part = sample()
    sent = forms.read(form, part, MultiDict())
    errors = forms.check(form, part, sent.data, found=sent.errors)
    drawn = forms.draw(form, part, {}, errors=errors, typed=sent.typed)
    return {**task(), "errors": [it(id=id, message=message) for id, message in forms.links(form, part, errors)], "form": drawn}


def unclaimed_task() -> dict[str, Any]:
    known = task()
    known["task"].who, known["task"].is_mine = "えしこに", False
    shown = Markup('<dl class="facts"><dt>相談方法</dt><dd>電話</dd><dt>相談経路</dt><dd>家族・知人</dd></dl>')
    nothing = it(claim=True, give_back=False, reassign=False, change_due=False)
    return {**known, "form": shown, "may_answer": False, "may": nothing, "draft": None, "steps": None, "here": None, "comments": [], "files": []}


def conflict() -> dict[str, Any]:
    return {
        "task": it(title="振り分けを判断する", number="2026-00057", case_title="星空さん世帯", case_url="/cases/2026-00057"),
        "ended": it(who="虹橋 ゆう", at=at(11, 25, 10, 44), how="完了しました"),
        "meanwhile": [it(at=at(11, 25, 10, 44), text=Markup("<strong>多機関協働へ</strong>と判断しました。"), who="虹橋 ゆう", mark=True,
                         restricted=False, url="#", link="記録を読む")],
        "typed": Markup('<dl class="facts"><dt>どこで受け止めるか</dt><dd>他課・他機関へつなぐ</dd><dt>その理由</dt><dd>家計の相談が中心のため。</dd></dl>'),
        "onward": [it(title="ケースを開く", url="/cases/2026-00057"), it(title="やることへ戻る", url="/")],
    }  # fmt: skip


def taken() -> dict[str, Any]:
    return {**conflict(), "ended": None, "taken": it(who="虹橋 ゆう", at=at(11, 25, 10, 44))}


def event(moment: Any, text: str, who: str | None = None, mark: bool = False, restricted: bool = False, link: str | None = None) -> Any:
    return it(at=moment, text=Markup(text), who=who, mark=mark, restricted=restricted, url="#" if link else None, link=link)


def case() -> dict[str, Any]:
    return {
        "case": it(number="2026-00042", title="若草さん世帯", received_on=date(2026, 6, 3), area="川辺地区",
                   note="電話は平日16時以降に。長男のいる所で同意の話をしない。"),
        "state": [it(name="ケース", value="支援中", note="6月10日から"), it(name="多機関協働", value="実施・モニタリング", note="9月14日から。終えてもケースは続きます"),
                  it(name="主担当", value="春風 さくら", note="えしこに"), it(name="次の見直し", value="12月14日（月）", note="モニタリング 3か月目")],
        "prints": [it(title="プランを印刷", url="#"), it(title="つなぐシートを印刷", url="#")],
        "emergency_url": "/act", "may": it(add_record=True, add_consent=True, correct_people=True, attach=True),
        "open_tasks": [
            it(title="支援会議の素案をまとめる", url="#", is_restricted=True, who="あなた", who_note=None, due=due("soon", 11, 26, 1), movement="下書きあり"),
            it(title="役割を引き受けられるか答える", url="#", is_restricted=False, who="綿雲 たける", who_note="自立相談支援機関(市社協)", due=due("later", 11, 27, 2), movement="返事待ち・催促 1回"),
            it(title="モニタリングをする", url=None, is_restricted=False, who="灯台 まもる", who_note="健康対策課", due=due("later", 12, 8, 9), movement="まだ"),
        ],
        "events": [
            event(at(11, 24, 14, 5), "訪問し、玄関先で<strong>長男と5分ほど話しました</strong>。次は12月8日に訪問します。", "灯台 まもる（健康対策課）", link="記録を読む"),
            event(at(11, 20, 9, 0), "「役割を引き受けられるか答える」の期限が近いため、自立相談支援機関へ自動で催促しました。"),
            event(date(2026, 11, 12), "支援会議が開かれました。", restricted=True),
            event(date(2026, 9, 14), "市が<strong>支援を決定</strong>しました。多機関協働が「実施・モニタリング」になりました。", "福祉政策課長", mark=True),
            event(date(2026, 7, 1), "ハルさんから書面で<strong>同意</strong>を得ました（期限 令和9年6月30日）。", "春風 さくら", mark=True),
            event(date(2026, 6, 3), "相談を受け付けました。", "地域包括支援センター", mark=True, link="相談受付票を読む"),
        ],
        "kinds": [it(title="すべて", url="#", here=True), it(title="訪問・面談", url="#", here=False), it(title="会議・判断", url="#", here=False),
                  it(title="自動", url="#", here=False)],
        "more": it(count=24, url="#"),
        "plan": it(version=2, state="実施中", state_kind="done", goal="ハルさんが転ばずに通院を続け、週に1回は家の外の人と過ごす。",
                   period="令和8年9月14日～令和9年3月13日", diff_url="#", print_url="#", rows=[
            it(issue="介護", what="デイサービスを週2回に。ショートステイを試す", who="地域包括支援センター", due="10月末", state="実施", state_kind="done"),
            it(issue="健康", what="手首の通院に付き添い、次の受診日を一緒に決める", who="健康対策課", due="12月末", state="一部", state_kind=""),
            it(issue="家計", what="年金だけの家計を一緒に書き出す（月2回まで）", who="自立相談支援機関", due="11月27日", state="返事待ち", state_kind="wait")]),
        "answers": [it(title="経過記録", at=at(11, 24, 14, 20), who="灯台 まもる", url="#", is_mine=False),
                    it(title="プラン（第2版）", at=at(9, 10, 11, 0), who="春風 さくら", url="#", is_mine=True)],
        "people": [it(name="若草 ハル", relation="母", age=82, note="要介護1。デイサービス週2回"), it(name="若草 一歩", relation="長男", age=53, note="見守り中"),
                   it(name="若草 みのり", relation="長女・別居", age=None, note="緊急時の連絡先 1番目")], "people_note": None,
        "consents": [it(name="ハルさん", state="書面", state_kind="done", scope="地域包括・健康対策課・自立相談へ", until=date(2027, 6, 30), warning=None),
                     it(name="一歩さん", state="一部・口頭", state_kind="soon", scope="「会ってよい」まで。書面は後日", until=None, warning="プランに名前や様子を書けません")],
        "running": [it(title="多機関協働", phase="実施・モニタリング", since=date(2026, 6, 10), url="#"), it(title="支援会議", phase="準備中", since=date(2026, 11, 2), url=None)],
        "starts": [it(title="支援会議を求める", url="#"), it(title="つなぐ", url="#"), it(title="主担当の引継ぎ", url="#")],
        "files": [it(name="同意書（ハルさん）.pdf", url="#", who="春風", at=at(7, 1), size=None)], "done": None,
    }  # fmt: skip


def new_case() -> dict[str, Any]:
    return {
        "form": drawn({}), "errors": [], "duplicate": False, "key": "k-2", "organisation": "choju", "draft": None,
        "instructions": ["必須の6項目だけで受け付けられます。ほかはあとで書き足せます。", "氏名がわからないときは「不明」のまま進めます。",
                         "いのち・安全に関わることがあれば、受け付けると同時にマネージャーへ届きます。"],
    }  # fmt: skip


def process() -> dict[str, Any]:
    def step(no: int, element: str, title: str, lane: str | None, following: str, count: int = 0, stalled: int = 0, usual: int | None = None) -> Any:
        ways = [tuple(way.split("→")) if "→" in way else ("", way) for way in following.split("　")]
        return it(no=no, element=element, title=title, lane=lane, kind="" if lane else "分かれ道", each="それぞれ" in (lane or ""), documentation=[], ways=ways,
                  open=count, overdue=stalled, stalled=stalled, heat=min(stalled, 3), usual=usual, n=34, url=None)

    return {
        "process": it(title="多機関協働", version=14, published_on=date(2026, 10, 1), open=34, stalled=6, is_wide=False, in_force=True, is_all=True, all_url="#", elsewhere=2,
                      diagram_url="/previews/process.bpmn", documentation=["複数の機関が関わるケースを受理し、プランを決めるまで。"]),
        "steps": [
            step(1, "start", "依頼を受け付ける", "センター", "2"), step(2, "intake", "受理会議", "センター", "3", 3, 0, 4), step(3, "accept", "受理する？", None, "はい→5　いいえ→4"),
            step(4, "returned", "理由を付けて返す", "関係機関", "終わり"), step(5, "consent", "同意を確かめる", "センター", "6", 6, 0, 7),
            step(6, "inquiry", "関係機関への情報照会", "関係機関", "7", 8, 2, 5), step(7, "assess", "面談とアセスメント", "センター", "8", 6, 0, 15),
            step(8, "plan", "プラン案を作る", "センター", "9", 5, 3, 10), step(9, "meeting", "重層的支援会議", "センター", "10", 4, 0, 9),
            step(10, "fit", "適切？", None, "はい→11　要修正→8"), step(11, "decide", "市の支援決定", "福祉政策課", "12", 2, 1, 5), step(12, "begin", "支援を始める", "福祉政策課", "終わり"),
        ],
        "versions": [it(no=14, published_on=date(2026, 10, 1), by="虹橋 ゆう", reason="照会の期限を5開庁日にした", open=30, in_force=True, url="#", here=False),
                     it(no=13, published_on=date(2026, 4, 1), by=None, reason=None, open=4, in_force=False, url="#", here=False)],
        "enough": 20, "edit_url": "#",
    }  # fmt: skip


PAGES: dict[str, tuple[str, Any]] = {
    "inbox": ("inbox.html", inbox), "inbox-empty": ("inbox.html", empty_inbox), "task": ("task.html", task),
    "task-wrong": ("task.html", wrong_task), "task-unclaimed": ("task.html", unclaimed_task), "conflict": ("conflict.html", conflict),
    "taken": ("conflict.html", taken),
    "case": ("case.html", case), "new-case": ("new_case.html", new_case),
    "new-case-known": ("new_case.html", lambda: {**new_case(), "duplicate": True}),
    "process": ("process.html", process),
}  # fmt: skip


def add_previews(app: Flask) -> None:
    """Stand-ins for every screen that is linked to but not registered, and /previews/<page> for each page above."""
    for family, views in LINKED.items():
        for name, rule in views:
            if f"{family}.{name}" not in app.view_functions:
                app.add_url_rule(rule, f"{family}.{name}", lambda **_values: "", methods=["GET", "POST"])

    def preview(page: str) -> str:
        template, data = PAGES[page]
        return render_template(template, **data())

    def diagram() -> Response:
        return Response((HERE / "process.bpmn").read_bytes(), mimetype="application/xml")

    app.add_url_rule("/previews/process.bpmn", "preview_diagram", diagram)
    app.add_url_rule("/previews/<page>", "preview", preview)
