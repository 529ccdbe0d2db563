"""Japanese and English: who reads which, and that nothing of the interface is left without English words."""

from __future__ import annotations

import re

import pytest
from babel.messages.catalog import Message
from babel.messages.extract import extract
from babel.messages.pofile import read_po
from jinja2.ext import babel_extract
from previewed import PAGES, add_previews
from visits import ROOT, Staff, Visitor, screens_of

from engine.city import City
from web import language

KEYWORDS = {"_": None, "ngettext": (1, 2), "counted": (1, 2), "marked": None}
PLACEHOLDER = re.compile(r"%\((\w+)\)s")
JAPANESE = re.compile(r"[぀-ヿ㐀-鿿]")


def used() -> dict[str, set[str]]:
    """Every text that is given to the catalogue, and the files that give it."""
    found: dict[str, set[str]] = {}
    for file in sorted([*(ROOT / "web").rglob("*"), *(ROOT / "forms" / "templates").rglob("*")]):
        method = {".py": "python", ".html": babel_extract}.get(file.suffix)
        if method is None:
            continue
        with file.open("rb") as source:
            for _line, text, _comments, _context in extract(
                method, source, keywords=KEYWORDS, options={"silent": "false", "encoding": "utf-8"}
            ):
                for each in [text] if isinstance(text, str) else text:
                    found.setdefault(each, set()).add(str(file.relative_to(ROOT)))
    return found


def translated() -> dict[str, Message]:
    with language.CATALOGUE.open("rb") as file:
        catalogue = read_po(file, locale="en", abort_invalid=True)
    return {each.id if isinstance(each.id, str) else each.id[0]: each for each in catalogue if each.id}


def english(message: Message) -> list[str]:
    return [message.string] if isinstance(message.string, str) else list(message.string)


def test_every_text_of_the_screens_has_english_words() -> None:
    known = translated()
    missing = {text: files for text, files in used().items() if text not in known or not all(english(known[text]))}
    assert not missing, f"add to {language.CATALOGUE.name}: {missing}"


def test_no_english_words_are_kept_for_a_text_that_is_gone() -> None:
    assert not set(translated()) - set(used())


def test_english_words_fill_in_the_same_values() -> None:
    for text, message in translated().items():
        for said in english(message):
            assert set(PLACEHOLDER.findall(said)) == set(PLACEHOLDER.findall(text)), text
            assert not re.search(r"%(?!\(\w+\)s)", said), text


def test_english_words_are_english_but_for_names() -> None:
    strange = {said for message in translated().values() for said in english(message) if JAPANESE.search(said)}
    assert all(set(JAPANESE.findall(said)) <= set("えしこに髙高") for said in strange), strange


def test_the_screens_are_japanese_until_somebody_chooses(visitor: Visitor) -> None:
    page = visitor.get("/sign-in", headers={"Accept-Language": "en"})
    assert '<html lang="ja">' in page.text and "<h1>ログイン</h1>" in page.text


def test_the_choice_is_kept_and_leads_back_to_the_same_page(visitor: Visitor, staff: Staff) -> None:
    visitor.signed_in_as(staff.joins())
    answer = visitor.sends("/language", {"language": "en", "next": "/account?changed=1"})
    assert (answer.status_code, answer.location) == (303, "/account?changed=1")
    page = visitor.get("/account").text
    assert '<html lang="en">' in page and "<h1>My account</h1>" in page and "日本語</button>" in page
    visitor.sends("/language", {"language": "ja"})
    assert "<h1>わたしの設定</h1>" in visitor.get("/account").text


def test_somebody_who_is_not_signed_in_may_choose_too(visitor: Visitor) -> None:
    visitor.sends("/language", {"language": "en", "next": "/sign-in"})
    assert "<h1>Sign in</h1>" in visitor.get("/sign-in").text


@pytest.mark.parametrize("chosen", ["", "fr", "../en", "EN"])
def test_a_language_that_is_not_offered_is_refused(visitor: Visitor, chosen: str) -> None:
    assert visitor.sends("/language", {"language": chosen}).status_code == 400
    visitor.set_cookie("language", chosen)
    assert '<html lang="ja">' in visitor.get("/sign-in").text


def test_one_and_many_are_told_apart(visitor: Visitor) -> None:
    with visitor.application.test_request_context(headers={"Cookie": "language=en"}):
        said = [language.counted("%(num)s開庁日", "%(num)s開庁日", n) for n in (1, 2)]
    assert said == ["1 open day", "2 open days"]
    with visitor.application.test_request_context():
        assert language.counted("%(num)s開庁日", "%(num)s開庁日", 2) == "2開庁日"


def test_a_text_that_nobody_translated_is_shown_as_it_is(visitor: Visitor) -> None:
    with visitor.application.test_request_context(headers={"Cookie": "language=en"}):
        assert language._("まだ訳のない文") == "まだ訳のない文"


@pytest.mark.parametrize("page", PAGES)
def test_every_screen_stands_in_english(city: City, staff: Staff, page: str) -> None:
    app = screens_of(city)
    add_previews(app)
    visitor = app.test_client()
    assert isinstance(visitor, Visitor)
    visitor.signed_in_as(staff.joins())
    visitor.set_cookie("language", "en")
    shown = visitor.get(f"/previews/{page}")
    assert shown.status_code == 200 and '<html lang="en">' in shown.text
    title = re.search(r"<title>(.*?)</title>", shown.text)
    assert title is not None and title[1].endswith("― Bansou")

