"""In a demo only: be one of its fictional people, without a password. In a real database these pages do not exist."""

from __future__ import annotations

from flask import Blueprint, abort, current_app, redirect, render_template, request
from werkzeug.wrappers import Response

from engine import people
from engine.people import organisation_of
from web.auth import begin_session
from web.context import city, store, today
from web.guard import inside, open_to_all

pages = Blueprint("demo", __name__)


@pages.get("/demo")
@open_to_all
def index() -> str:
    """All people of the demo, by organisation, in the order of organisation.toml; those who lead stand last."""
    _only_in_a_demo()
    groups = people.memberships(store(), today())
    with city().store.reading() as c:
        offices = list(city().organisation(c).offices)
    found: dict[str, list[tuple[people.Person, list[str]]]] = {office: [] for office in (*offices, "")}
    for person in people.all_people(store()):
        if person.demo and person.active:
            mine = sorted(groups.get(person.id, ()))
            found.setdefault(organisation_of(mine[0]) if mine else "", []).append((person, mine))
    sections = {office: sorted(rows, key=lambda row: len(row[1])) for office, rows in found.items() if rows}
    return render_template("demo.html", sections=sections, next=inside(request.args.get("next")))


@pages.post("/demo")
@open_to_all
def become() -> Response:
    """Go on as this person."""
    _only_in_a_demo()
    person = people.person(store(), request.form.get("person", 0, type=int))
    if person is None or not (person.demo and person.active):
        abort(404)
    begin_session(person, "demo")
    return redirect(inside(request.form.get("next")), 303)


def _only_in_a_demo() -> None:
    if not current_app.config["DEMO"]:
        abort(404)
