"""Whether somebody like this is known already: existence only (L0), never who, where or what. Asking is logged.

Needs the kana and the birth date or the address; concealed persons are never found (blueprint section 10).
"""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from engine import store, viewings
from engine.city import By, City
from engine.feeds import search_keys
from engine.viewings import Viewed
from forms.form import Form


def is_known(city: City, by: By, form: Form, data: Mapping[str, Any]) -> bool:
    """Whether one of the persons in this answer is in a household already; writes who asked when anybody could be compared."""
    rows = [row for field in form.fields if "person" in (field.feeds or "").replace(",", " ").split() for row in data.get(field.name) or ()]
    keys = [search_keys(row) for row in rows]
    comparable = [key for key in keys if key["kana_key"] and (key["birth_on"] or key["address_key"])]
    if not comparable:
        return False
    person = store.person
    with city.store.reading() as c:
        known = any(
            c.execute(
                sa.select(person.c.id).where(
                    ~person.c.concealed, person.c.kana_key == key["kana_key"],
                    sa.or_(
                        sa.and_(person.c.birth_on.is_not(None), person.c.birth_on == key["birth_on"]),
                        sa.and_(person.c.address_key.is_not(None), person.c.address_key == key["address_key"]),
                    ),
                ).limit(1)
            ).first() is not None
            for key in comparable
        )  # fmt: skip
    asked = Viewed(city.now(), "duplicate-check", by.person, by.organisation, ground="reception", level="L0")
    viewings.write(city.store, [asked])
    return known
