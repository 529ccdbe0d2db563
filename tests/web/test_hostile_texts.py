"""Whatever people write into any field, name a file or call a step: it is shown as text, on every page, to everybody."""

from __future__ import annotations

import io
import json
import re
import shutil
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

import pytest
from flask import Flask
from small_town import BEGINS, COUNTER, write_release
from visits import ROOT, Screen, Visitor, screens_of

from engine import cases, migrations, people, releases, store, walkthroughs
from engine.city import By, City
from engine.people import Person
from engine.rehearsal import Clock, Rehearsal
from forms.form import RESTRICTED, Field
from forms.layout import layout

SCRIPT = "\"'><img src=x onerror=alert(1)><script>alert(1)</script>"
SHORT = "<b onclick=x>"
SHOWN = ("&lt;img src=x", "&lt;b onclick", "&lt;script&gt;alert(1)")
ELSEWHERE = "evil.example"
STORY, ENDS_BEFORE = "プランをつくり、会議に諮り、主担当を地域包括に引き継いで終える", "モニタリングをする"
INJECTED = "a\r\nX-Injected: yes"
ADMINISTRATOR = "システム管理者"
WHO = ("市民税課", "えしこに", "福祉政策課", "地域包括支援センター", ADMINISTRATOR)
LEAVING = ("/sign-out", "/language", "/account/sessions/end")


class Alive(HTMLParser):
    """What on a page would run, or be drawn, if somebody's text were taken for markup."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.links: list[str] = []
        self.forms: list[Sent] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if (tag == "script" and "src" not in given) or (tag == "img" and given.get("src") == "x") or any(name.startswith("on") for name in given):
            self.found.append(self.get_starttag_text() or tag)
        for name in ("href", "src", "action", "formaction"):
            if (given.get(name) or "").strip().lower().startswith(("javascript:", "data:text")):
                self.found.append(self.get_starttag_text() or tag)
        if tag == "a" and given.get("href"):
            self.links.append(given["href"] or "")
        elif tag == "form" and given.get("method") == "post":
            self.forms.append(Sent(given.get("action") or "", {}, set()))
        elif self.forms and given.get("name") and tag in ("input", "textarea", "select", "button"):
            is_kept = given.get("type") in ("hidden", "radio", "checkbox") or tag in ("select", "button")
            self.forms[-1].kept[given["name"] or ""] = given.get("value") or ""
            if not is_kept:
                self.forms[-1].free.add(given["name"] or "")


@dataclass(frozen=True)
class Sent:
    """A form of a page: where it goes, what a browser sends of itself, and which of it a person types."""

    action: str
    kept: dict[str, str]
    free: set[str]

    def filled(self, text: str, onward: str) -> dict[str, str]:
        return {name: onward if name == "next" else text if name in self.free else value for name, value in self.kept.items()}


def pages_from(visitor: Visitor, *starts: str, most: int = 400) -> dict[str, str]:
    """Every page that can be reached by links from these, each once: its path to its text."""
    waiting, seen = deque(starts), dict[str, str]()
    while waiting and len(seen) < most:
        path = waiting.popleft()
        if path in seen:
            continue
        answer = visitor.get(path)
        if answer.mimetype != "text/html" or answer.status_code >= 400:
            seen[path] = ""
            continue
        seen[path] = answer.text
        for link in Alive(answer.text).links:
            address = urlsplit(link)
            if not address.netloc and address.path.startswith("/") and not address.path.startswith(("/static", "/vendor")):
                waiting.append(address.path + (f"?{address.query}" if address.query else ""))
    return seen


class Hostile(Rehearsal):
    """People who write markup wherever a form takes words."""

    def _filled(self, form: Any, part: str, *rest: Any) -> dict[str, Any]:
        data = super()._filled(form, part, *rest)
        switches = layout(form, part, lambda _level: True).switches
        shown = [each for each in form.part(part).fields if each.name in data or not switches.hides(each.name, data)]
        return {**data, **poisoned(shown, data)}


def poisoned(fields: Iterable[Field], data: Mapping[str, Any]) -> dict[str, Any]:
    """The same answer with markup in each field of words; what stood there stands before it, so that a story still finds it."""
    made: dict[str, Any] = {}
    for each in fields:
        if each.kind in ("text", "longtext") and not each.auto and not each.fixed and each.cls != RESTRICTED:
            made[each.name] = next(f"{data.get(each.name, '')}　{text}" for text in (SCRIPT, SHORT, "") if _fits(each, data, text))
        elif each.kind == "list" and data.get(each.name):
            made[each.name] = [{**row, **poisoned(each.rows, row)} for row in data[each.name]]
    return made


def _fits(each: Field, data: Mapping[str, Any], text: str) -> bool:
    return each.most is None or len(data.get(each.name, "")) + 1 + len(text) <= each.most


# A case in which everybody writes markup


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, datetime, int]:
    """A household carried as far as its plan; whatever could be written, named or attached on the way holds markup."""
    file = tmp_path_factory.mktemp("hostile") / "bansou.sqlite3"
    opened = store.connect(f"sqlite:///{file}")
    migrations.upgrade(opened)
    clock = Clock(BEGINS)
    city = City(opened, clock)
    releases.publish(city, ROOT)
    known = {each.name: each for path in (ROOT / "processes/walkthroughs").glob("*.feature") for each in walkthroughs.read(path)}
    with opened.reading() as c:
        (process,) = city.organisation(c).starters
    story = Hostile(city, clock, process)
    walkthroughs.play(known[STORY], story, known, before=ENDS_BEFORE)
    people.add_person(opened, "aogiri", SCRIPT, kana=SHORT, now=city.now(), groups=("esikoni",), administrator=True)
    lead = visitor_of(screens_of(city), story.by("えしこに"))
    number = story.row().number
    file_named = (io.BytesIO(b"%PDF-1.7\n%%EOF\n"), "<img src=x onerror=alert(1)>.pdf")
    assert lead.sends(f"/cases/{number}/comment", {"text": SCRIPT}).status_code == 303
    assert lead.sends(f"/cases/{number}/attach", {"file": file_named}, content_type="multipart/form-data").status_code == 303
    assert lead.sends("/meetings/1/minutes", {"text": SCRIPT, "seen": ""}).status_code == 303
    day = {"kind": "extra", "on-era": "令和", "on-y": "8", "on-m": "12", "on-d": "4", "place": SCRIPT}
    assert lead.sends("/meetings", day).status_code == 303
    opened.close()
    return file, clock.moment, story.case or 0


@pytest.fixture
def city(played: tuple[Path, datetime, int], tmp_path: Path) -> Iterator[City]:
    opened = store.connect(f"sqlite:///{shutil.copy(played[0], tmp_path / 'bansou.sqlite3')}")
    yield City(opened, Clock(played[1]))
    opened.close()


def visitor_of(app: Flask, person: By | None = None) -> Visitor:
    found = app.test_client()
    assert isinstance(found, Visitor)
    return found.signed_in_as(known(app.config["CITY"], person)) if person else found


def known(city: City, person: By) -> Person:
    found = people.person(city.store, person.person or 0)
    assert found is not None
    return found


Walked = Callable[[str], dict[str, str]]


@pytest.fixture(scope="module")
def walked(played: tuple[Path, datetime, int], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walked]:
    """Every page that somebody reaches, walked once: its path to its text."""
    opened = store.connect(f"sqlite:///{shutil.copy(played[0], tmp_path_factory.mktemp('walked') / 'bansou.sqlite3')}")
    city = City(opened, Clock(played[1]))
    screens = screens_of(city)

    @cache
    def walk(who: str) -> dict[str, str]:
        return pages_from(visitor_of(screens, somebody(city, who)), "/", "/account", "/cases/new", "/people")

    yield walk
    opened.close()


def somebody(city: City, who: str) -> By:
    """「えしこに」 and so on, or the administrator whose very name is markup."""
    if who == ADMINISTRATOR:
        found = people.person_by_login(city.store, "aogiri")
        assert found is not None
        return By(found.id)
    assert isinstance(city.now, Clock)
    return Rehearsal(city, city.now, "").by(who)


@pytest.mark.parametrize("who", WHO)
def test_markup_in_every_field_of_a_case_is_text_on_every_page(walked: Walked, who: str) -> None:
    pages = walked(who)
    assert not {path: found for path, page in pages.items() if (found := Alive(page).found)}
    shown = sum(page.count(sign) for page in pages.values() for sign in SHOWN)
    print(f"{who}: {len(pages)} pages, markup shown as text {shown} times")
    assert len(pages) > 10 and (shown > 100 or who == "市民税課")


ATTACKS = {
    "markup, another site": (SCRIPT, f"https://{ELSEWHERE}/"), "markup, another host": (SCRIPT, f"//{ELSEWHERE}"),
    "a header, another host": (INJECTED, f"/\\{ELSEWHERE}"), "a header twice": (INJECTED, INJECTED),
}  # fmt: skip


@pytest.mark.parametrize(("text", "onward"), ATTACKS.values(), ids=ATTACKS)
@pytest.mark.parametrize("who", ["えしこに", ADMINISTRATOR])
def test_every_form_of_every_page_takes_hostile_words_calmly(
    walked: Walked, city: City, app: Flask, who: str, text: str, onward: str
) -> None:
    """Nothing runs, no header is added, nobody is led away, nothing fails."""
    visitor, tried = visitor_of(app, somebody(city, who)), set[tuple[str, ...]]()
    token = visitor.token()
    for page in walked(who).values():
        for form in Alive(page).forms:
            kind = (re.sub(r"[\d-]+", "1", form.action), *sorted(form.kept))
            if kind in tried or form.action in LEAVING:
                continue
            tried.add(kind)
            answer = visitor.post(form.action, data={**form.filled(text, onward), "csrf_token": token}, headers={"Referer": f"https://{ELSEWHERE}/"})
            assert answer.status_code < 500, (form.action, answer.status_code)
            assert ELSEWHERE not in answer.headers.get("Location", ""), form.action
            assert "X-Injected" not in answer.headers, form.action
            if answer.mimetype == "text/html":
                assert not Alive(answer.text).found, form.action
    print(f"{who}: {len(tried)} forms of {len(walked(who))} pages")
    assert len(tried) > 10


@pytest.mark.parametrize("who", ["えしこに", ADMINISTRATOR])
def test_hostile_words_in_an_address_come_back_as_text_at_most(city: City, app: Flask, who: str) -> None:
    visitor = visitor_of(app, somebody(city, who))
    names = "q who office sort page show scope group of by next changed view phase on kind process element lang part round".split()
    asked = dict.fromkeys(names, SCRIPT)
    paths = [re.sub(r"<[^>]+>", "1", rule.rule) for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())]
    for path in (*paths, f"/{SCRIPT}", f"/cases/{SCRIPT}", f"/tasks/{SCRIPT}"):
        answer = visitor.get(path, query_string=asked)
        assert answer.status_code < 500 and "X-Injected" not in answer.headers, path
        if answer.mimetype == "text/html":
            assert not Alive(answer.text).found, path
    assert len(paths) > 25


@pytest.mark.parametrize("host", [ELSEWHERE, f"localhost@{ELSEWHERE}", "localhost:80@x", "x\"><script>alert(1)</script>"])
def test_another_host_in_the_request_leads_nobody_there(city: City, app: Flask, host: str) -> None:
    visitor = visitor_of(app)
    for path in ("/", "/sign-in", "/account", "/no-such-page"):
        answer = visitor.get(path, headers={"Host": host})
        assert ELSEWHERE not in answer.headers.get("Location", "") and ELSEWHERE not in answer.text and not Alive(answer.text).found, path


def test_a_file_is_downloaded_under_its_own_name_and_never_shown(walked: Walked, city: City, app: Flask) -> None:
    [link] = {link for page in walked("えしこに").values() for link in Alive(page).links if "/files/" in link}
    answer = visitor_of(app, somebody(city, "えしこに")).get(link)
    assert answer.headers["Content-Disposition"] == 'attachment; filename="<img src=x onerror=alert(1)>.pdf"'
    assert answer.mimetype == "application/pdf"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.browser
def test_in_a_browser_none_of_it_runs(walked: Walked, city: City, screen: Screen) -> None:
    """Also what scripts of ours put on the page: forms, lists, diagrams."""
    opened: list[str] = []
    screen.page.on("dialog", lambda dialog: (opened.append(dialog.message), dialog.dismiss()))
    lead = somebody(city, "えしこに")
    paths = [path for path, page in walked("えしこに").items() if any(sign in page for sign in SHOWN)]
    screen.signed_in_as(known(city, lead))
    for path in paths[:: len(paths) // 12]:
        page = screen.opens(path)
        assert page.locator("img[src='x'], [onclick], [onerror], script:not([src])").count() == 0, path
    assert len(paths) > 5 and not opened and not screen.complaints


# Names of a process, its steps, its decisions and forms


def test_markup_in_the_names_of_models_is_text_on_every_page(tmp_path: Path, empty_sqlite: Path) -> None:
    empty_store = store.connect(f"sqlite:///{shutil.copy(empty_sqlite, tmp_path / 'bansou.sqlite3')}")
    write_release(tmp_path)
    for file in (*tmp_path.glob("processes/bpmn/*.bpmn"), *tmp_path.glob("forms/schemas/*.json"), tmp_path / "processes/organisation.toml"):
        written = file.read_text(encoding="utf-8")
        if file.suffix == ".bpmn":
            written = re.sub(r'(<bpmn:(?:userTask|endEvent|startEvent)[^>]* name=")', lambda found: found[1] + escape(SCRIPT, {'"': "&quot;"}), written)
            written = written.replace("架空の", f"架空の{escape(SCRIPT)}")
        elif file.suffix == ".json":
            written = re.sub(r'("title": ")', lambda found: found[1] + json.dumps(SCRIPT)[1:-1], written)
        else:
            written = re.sub(r'((?:name|meaning) = ")(?=架空|返事)', lambda found: found[1] + json.dumps(SCRIPT)[1:-1], written)
        file.write_text(written, encoding="utf-8")
    city = City(empty_store, Clock(BEGINS))
    releases.publish(city, tmp_path)
    person = people.add_person(empty_store, "mado", "架空 窓", groups=(COUNTER, f"{COUNTER}.head"), now=city.now(), administrator=True, process_owner=True)
    by = By(person.id, COUNTER, frozenset({COUNTER, f"{COUNTER}.head"}))
    cases.open_case(city, "waiting", {"answer": SCRIPT}, by, "1")
    pages = pages_from(visitor_of(screens_of(city), by), "/", "/processes", "/people", "/account", "/cases/new")
    assert not {path: found for path, page in pages.items() if (found := Alive(page).found)}
    assert sum(page.count(sign) for page in pages.values() for sign in SHOWN) > 30
    empty_store.close()
