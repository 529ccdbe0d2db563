"""What holds for every request: headers, sizes, and error pages that keep quiet about content."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from flask import Flask, abort
from previewed import add_previews
from visits import Staff, Visitor, screens_of

from engine.city import City
from engine.errors import BadAnswer, Conflict, NoLongerOpen, NotAllowed, OtherVersion, Refusal, Unpublishable
from web import guard, vendor
from web.sign_in_settings import Provider, SignInSettings

NAME = "架空 太郎"


def visitor_of(app: Flask) -> Visitor:
    found = app.test_client()
    assert isinstance(found, Visitor)
    return found


def failing(city: City, error: Exception | int) -> Visitor:
    """Somebody whose every visit of /fails ends in this error."""
    app = screens_of(city)

    @app.route("/fails", methods=["GET", "POST"])
    @guard.open_to_all
    def fails() -> str:
        if isinstance(error, int):
            abort(error)
        raise error

    return visitor_of(app)


# Headers


def paths(app: Flask) -> Iterator[str]:
    for rule in app.url_map.iter_rules():
        yield re.sub(r"<[^>]+>", "app.css" if rule.endpoint == "static" else "1", rule.rule)


def test_every_route_answers_with_every_header(city: City, staff: Staff) -> None:
    silent = Provider("架空の職員ログイン", "http://127.0.0.1:9", "bansou", "only-for-tests-0123456789")
    app = screens_of(city, SIGN_IN=SignInSettings(provider=silent))
    add_previews(app)
    visitor = visitor_of(app).signed_in_as(staff.joins())
    seen = 0
    for path in (*paths(app), "/no-such-page"):
        for answer in (visitor.get(path), visitor.post(path)):
            seen += 1
            missing = {name for name, value in guard.HEADERS.items() if answer.headers.get(name) != value}
            assert not missing, (path, missing)
    assert seen > 40


def test_a_stranger_s_answers_have_the_headers_too(visitor: Visitor) -> None:
    for path in ("/sign-in", "/account", "/static/app.css", "/no-such-page", "/demo"):
        assert guard.HEADERS.items() <= dict(visitor.get(path).headers).items(), path


def test_scripts_and_styles_come_from_this_site_only() -> None:
    policy = guard.HEADERS["Content-Security-Policy"]
    assert policy.startswith("default-src 'self';") and "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy and "object-src 'none'" in policy and "form-action 'self'" in policy


def test_no_template_holds_a_script_or_a_style_of_its_own() -> None:
    templates = sorted((Path(guard.__file__).parent / "templates").glob("*.html"))
    assert templates
    for template in templates:
        text = template.read_text()
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", text), template.name


def test_browsers_are_told_to_stay_with_tls_where_there_is_tls(city: City) -> None:
    with_tls = visitor_of(screens_of(city, SESSION_COOKIE_SECURE=True)).get("/sign-in")
    assert with_tls.headers["Strict-Transport-Security"].startswith("max-age=31536000")
    assert "Strict-Transport-Security" not in visitor_of(screens_of(city)).get("/sign-in").headers


# Keeping


def test_no_page_is_kept_by_the_browser(visitor: Visitor, staff: Staff) -> None:
    assert visitor.get("/sign-in").headers["Cache-Control"] == "no-store"
    visitor.signed_in_as(staff.joins())
    for path in ("/account", "/no-such-page", "/static/no-such-file.css", "/vendor/no-such-file.css"):
        assert visitor.get(path).headers["Cache-Control"] == "no-store", path


def test_files_are_kept_for_as_long_as_their_address_holds(visitor: Visitor) -> None:
    page = visitor.get("/sign-in").text
    addresses = re.findall(r'"(/(?:static|vendor)/[^"#]+)', page)
    assert len(addresses) >= 4
    for address in addresses:
        assert "immutable" in visitor.get(address).headers["Cache-Control"], address
    assert "immutable" not in visitor.get("/static/app.css").headers["Cache-Control"]


# Fetched files


def test_only_the_listed_files_are_served_from_what_was_fetched(visitor: Visitor) -> None:
    for name in vendor.FILES:
        assert visitor.get(f"/vendor/{name}").status_code == 200, name
    for name in ("package.json", "../package.json", "..%2fpackage.json", "%2e%2e/pyproject.toml", "bpmn-js/LICENSE"):
        assert visitor.get(f"/vendor/{name}", follow_redirects=False).status_code != 200, name


def test_without_fetched_files_the_pages_stand_and_one_line_says_how_to_fetch_them(
    city: City, staff: Staff, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    app = screens_of(city, NODE_MODULES=tmp_path)
    assert [vendor.HOW_TO_FETCH in record.message for record in caplog.records] == [True]
    visitor = visitor_of(app).signed_in_as(staff.joins())
    add_previews(app)
    page = visitor.get("/account")
    assert page.status_code == 200 and "/vendor/" not in page.text
    assert visitor.get("/vendor/tokens.css").status_code == 404
    diagram = visitor.get("/previews/process").text
    assert f"<code>{vendor.HOW_TO_FETCH}</code>" in diagram and "diagram.js" not in diagram


def test_every_variable_of_the_stylesheet_has_a_value_of_ours_to_fall_back_on() -> None:
    style = (Path(guard.__file__).parent / "static" / "app.css").read_text()
    used = set(re.findall(r"var\((--[a-z0-9-]+)", style))
    given = set(re.findall(r"(--[a-z0-9-]+):", style))
    assert len(used) > 50 and not used - given


# Errors


@pytest.mark.parametrize("status", guard.EXPLAINED)
def test_every_error_says_what_happened_and_where_to_go_on(city: City, status: int) -> None:
    answer = failing(city, status).get("/fails")
    assert answer.status_code == status
    assert "<title>エラー：" in answer.text and answer.text.count("<h1>") == 1
    assert f"エラー {status}" in answer.text and "最初の画面へ" in answer.text


@pytest.mark.parametrize(("status", "like"), [(418, "受け取れませんでした"), (504, "うまく動きませんでした")])
def test_an_error_without_words_of_its_own_borrows_the_nearest(city: City, status: int, like: str) -> None:
    answer = failing(city, status).get("/fails")
    assert answer.status_code == status and like in answer.text


def test_a_method_that_a_page_does_not_take_is_named(visitor: Visitor, staff: Staff) -> None:
    visitor.signed_in_as(staff.joins())
    answer = visitor.get("/sign-out")
    assert answer.status_code == 405 and "POST" in answer.headers["Allow"]


REFUSALS = [
    (NotAllowed(), 404), (NoLongerOpen(), 409), (Conflict(), 409), (BadAnswer(), 422), (Unpublishable(), 422), (OtherVersion(), 503),
    (Refusal("いまは休みです。"), 400),
]  # fmt: skip


@pytest.mark.parametrize(("refusal", "status"), REFUSALS)
def test_a_refusal_of_the_engine_is_shown_in_its_own_words(city: City, refusal: Refusal, status: int) -> None:
    answer = failing(city, refusal).get("/fails")
    assert answer.status_code == status and refusal.message in answer.text


def test_may_not_and_does_not_exist_look_the_same(city: City) -> None:
    hidden, missing = failing(city, NotAllowed()).get("/fails"), failing(city, 404).get("/fails")
    said = re.compile(r"<h1>.*?</h1>")
    assert said.findall(hidden.text) == said.findall(missing.text) and hidden.status_code == missing.status_code


def test_a_failure_gives_a_number_that_stands_in_the_log_too(city: City, caplog: pytest.LogCaptureFixture) -> None:
    visitor = failing(city, KeyError(NAME))
    visitor.application.config["PROPAGATE_EXCEPTIONS"] = False
    caplog.clear()
    answer = visitor.get("/fails")
    reference = re.search(r"<strong>([0-9a-f]{8})</strong>", answer.text)
    assert answer.status_code == 500 and reference is not None
    [record] = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert reference[1] in record.message and "KeyError" in record.message and "test_guard.py" in record.message


def test_neither_the_page_nor_the_log_says_what_a_failure_was_about(
    city: City, caplog: pytest.LogCaptureFixture
) -> None:
    visitor = failing(city, ValueError(f"no such resident: {NAME}"))
    visitor.application.config["PROPAGATE_EXCEPTIONS"] = False
    answer = visitor.get("/fails?name=" + NAME)
    assert NAME not in caplog.text and NAME not in re.sub(r'name="next" value="[^"]*"', "", answer.text)


def test_an_error_page_does_not_repeat_what_was_asked_for(visitor: Visitor, staff: Staff) -> None:
    visitor.signed_in_as(staff.joins())
    answer = visitor.get("/<script>alert(1)</script>")
    assert answer.status_code == 404 and "<script>alert" not in answer.text


# Sizes


def test_a_megabyte_of_text_is_read(city: City) -> None:
    app = screens_of(city)
    seen = []

    @app.post("/keeps")
    @guard.open_to_all
    def keeps() -> str:
        seen.append(len(guard.request.form["text"]))
        return ""

    assert visitor_of(app).sends("/keeps", {"text": "あ" * guard.MEGABYTE}).status_code == 200
    assert seen == [guard.MEGABYTE]


@pytest.mark.parametrize("field", ["text", "file"])
def test_what_is_too_large_is_refused_by_a_page(visitor: Visitor, staff: Staff, field: str) -> None:
    visitor.signed_in_as(staff.joins())
    large = b"x" * (guard.LARGEST_FORM + 1 if field == "text" else guard.LARGEST_REQUEST + 1)
    data = {"text": large.decode()} if field == "text" else {"file": (BytesIO(large), "large.pdf")}
    answer = visitor.post("/account/password", data=data)
    assert answer.status_code == 413 and "大きすぎます" in answer.text


def test_a_form_of_endless_parts_is_refused(visitor: Visitor, staff: Staff) -> None:
    visitor.signed_in_as(staff.joins())
    data = {f"f{n}": "x" for n in range(guard.MOST_FIELDS + 1)}
    answer = visitor.post("/account/password", data=data, content_type="multipart/form-data")
    assert answer.status_code == 413
