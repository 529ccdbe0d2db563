"""Statements that are compiled once and then handed to the driver as they are: what every step of a case writes.

Compiling and looking up a statement anew costs more than carrying it out. For writing only: nothing is converted on the way back.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, CursorResult, Dialect
from sqlalchemy.sql.compiler import SQLCompiler

Row = Mapping[str, Any]


class Prepared:
    """An insert, update or delete whose values come with each call, by column or by the name of a ``bindparam``.

    Raises TypeError where Python would add a value (``default=``): it is not added here.
    """

    def __init__(self, statement: sa.Insert | sa.Update | sa.Delete) -> None:
        self._statement = statement
        self._made: dict[tuple[str, ...], _Made] = {}

    def run(self, c: Connection, row: Row) -> CursorResult[Any]:
        """Carry it out for one row."""
        made = self._for(c, row)
        return c.exec_driver_sql(made.text, made.values(row))

    def run_all(self, c: Connection, rows: Sequence[Row]) -> None:
        """Carry it out for rows of the same columns; nothing happens when there are none."""
        if len(rows) == 1:
            self.run(c, rows[0])
        elif rows:
            made = self._for(c, rows[0])
            c.exec_driver_sql(made.text, [made.values(row) for row in rows])

    def _for(self, c: Connection, row: Row) -> "_Made":
        key = (c.dialect.name, *row)
        made = self._made.get(key)
        if made is None:
            made = self._made[key] = _Made(self._statement, c.dialect, list(row))
        return made


class _Made:
    """A statement in the words of one kind of database, and how its values are converted for it."""

    def __init__(self, statement: sa.Insert | sa.Update | sa.Delete, dialect: Dialect, names: list[str]) -> None:
        compiled = statement.compile(dialect=dialect, column_keys=names)
        assert isinstance(compiled, SQLCompiler)
        if compiled.insert_prefetch or compiled.update_prefetch:
            raise TypeError(f"say these too: {', '.join(each.name for each in (*compiled.insert_prefetch, *compiled.update_prefetch))}")
        self.text = compiled.string
        self._positions: Sequence[str] | None = compiled.positiontup if compiled.positional else None
        self._converted = [(name, *_conversion(bind, dialect)) for name, bind in compiled.binds.items()]

    def values(self, row: Row) -> Any:
        """By position or by name, as the driver takes them."""
        found = {
            name: row.get(name, constant) if convert is None else convert(row.get(name, constant))
            for name, constant, convert in self._converted
        }
        return found if self._positions is None else tuple(found[name] for name in self._positions)


def _conversion(bind: sa.BindParameter[Any], dialect: Dialect) -> tuple[Any, Callable[[Any], Any] | None]:
    """What a value is when none comes with the call, and what the driver gets of it."""
    return bind.value, bind.type.dialect_impl(dialect).bind_processor(dialect)
