"""What every screen has at hand: the city, its store, the moment and the day. It decides nothing and keeps nothing."""

from __future__ import annotations

from datetime import date, datetime

from flask import current_app, g

from engine.city import City
from engine.errors import NotAllowed
from engine.organisation import Organisation
from engine.store import Store


def city() -> City:
    """The city whose application this is."""
    found: City = current_app.config["CITY"]
    return found


def store() -> Store:
    """The city's database."""
    return city().store


def now() -> datetime:
    """This moment, UTC."""
    return city().now()


def today() -> date:
    """This day in Asia/Tokyo."""
    return city().today


def organisation() -> Organisation | None:
    """The organisation in force, read once a request; nothing while nothing is published."""
    if "organisation" not in g:
        try:
            with store().reading() as connection:
                g.organisation = city().organisation(connection)
        except NotAllowed:
            g.organisation = None
    found: Organisation | None = g.organisation
    return found
