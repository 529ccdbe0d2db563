"""One city's Bansou: its store, its clock, and what is in force. It must not decide anything about a case."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine import organisation, store
from engine.calendar import Calendar, day_in_tokyo
from engine.errors import NotAllowed, OtherVersion
from engine.kernel import compiled
from engine.kernel import state as states
from engine.kernel.errors import NotStorable
from engine.kernel.running import KNOWN_ENGINES, Executable
from engine.kernel.state import State
from engine.organisation import Organisation
from engine.store import Store
from forms.form import Form
from forms.schema import load_files

_ONE: sa.ColumnElement[int] = sa.literal_column("1")  # not a parameter: PostgreSQL would plan the statement anew each time
SETTINGS_IN_FORCE = (
    sa.select(store.settings_version.c.hash).order_by(store.settings_version.c.in_force_from.desc()).limit(_ONE).scalar_subquery()
).label("settings_in_force")
_IN_FORCE = sa.select(SETTINGS_IN_FORCE)


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class By:
    """Who acts: a person, for one organisation, with the groups that this gives. The worker acts as nobody."""

    person: int | None = None
    organisation: str | None = None
    groups: frozenset[str] = frozenset()
    process_owner: bool = False
    administrator: bool = False


NOBODY = By()


@dataclass
class City:
    """What every request and worker is handed. Published things never change, so they are kept once read."""

    store: Store
    now: Callable[[], datetime] = utc_now
    _organisations: dict[str, Organisation] = field(default_factory=dict)
    _executables: dict[str, Executable] = field(default_factory=dict)
    _forms: dict[str, Mapping[str, Form]] = field(default_factory=dict)

    @property
    def today(self) -> date:
        """The day in Tokyo."""
        return day_in_tokyo(self.now())

    def organisation(self, c: Connection, hash: str | None = None) -> Organisation:
        """organisation.toml in force; it is living, not pinned to a case. ``hash``: its version, where it was read already."""
        versions = store.settings_version
        hash = hash or c.scalar(_IN_FORCE)
        if hash is None:
            raise NotAllowed("まだ公開されていません。./bansou publish で公開してください。")
        if hash not in self._organisations:
            body = c.scalar(sa.select(versions.c.body).where(versions.c.hash == hash))
            found, _ = organisation.read(bytes(body or b""))
            if found is None:
                raise NotAllowed("公開されている organisation.toml を読めません。")
            self._organisations[hash] = found
        return self._organisations[hash]

    def calendar(self, c: Connection) -> Calendar:
        return self.organisation(c).calendar

    def closure_in_force(self, c: Connection, process: str) -> str | None:
        """The compiled closure of a process in the release in force."""
        return c.scalar(
            sa.select(store.release_process.c.closure)
            .join(store.release)
            .where(store.release.c.in_force, store.release_process.c.process == process)
        )

    def processes_in_force(self, c: Connection) -> dict[str, str]:
        """Process id to compiled closure, of the release in force."""
        rows = c.execute(
            sa.select(store.release_process.c.process, store.release_process.c.closure)
            .join(store.release)
            .where(store.release.c.in_force)
            .order_by(store.release_process.c.process)
        )
        return {row.process: row.closure for row in rows}

    def executable(self, c: Connection, closure: str) -> Executable:
        """What an instance runs: it keeps the closure with which it was started. Raises OtherVersion for an unknown compiled form."""
        if closure not in self._executables:
            body = c.scalar(sa.select(store.compiled.c.body).where(store.compiled.c.closure == closure))
            if body is None:
                raise NotAllowed("この業務の流れの版が見つかりません。")
            try:
                self._executables[closure] = Executable(compiled.load(bytes(body)))
            except NotStorable as error:
                raise OtherVersion from error
        return self._executables[closure]

    @staticmethod
    def live(instance: Any) -> State:
        """The state of an instance's row. Raises OtherVersion when another format or engine wrote it than this version knows."""
        if instance.engine_version not in KNOWN_ENGINES:
            raise OtherVersion
        try:
            return states.load(bytes(instance.state))
        except NotStorable as error:
            raise OtherVersion from error

    def forms(self, c: Connection, closure: str | None = None) -> Mapping[str, Form]:
        """The forms of a closure, or of the release in force."""
        if closure is not None:
            files = c.scalar(sa.select(store.compiled.c.schemas).where(store.compiled.c.closure == closure)) if closure not in self._forms else None
            key = closure
        else:
            row = c.execute(sa.select(store.release.c.id, store.release.c.hash).where(store.release.c.in_force)).one_or_none()
            if row is None:
                raise NotAllowed("まだ公開されていません。./bansou publish で公開してください。")
            key = row.hash
            files = self._schema_files(c, row.id) if key not in self._forms else None
        if key not in self._forms:
            hashes = dict(files or {})
            bodies = c.execute(sa.select(store.blob.c.hash, store.blob.c.body).where(store.blob.c.hash.in_(list(hashes.values()))))
            contents = {row.hash: bytes(row.body) for row in bodies}
            found, problems = load_files({name: contents[hash] for name, hash in hashes.items()})
            if problems:
                raise NotAllowed("公開されている様式を読めません。")
            self._forms[key] = found
        return self._forms[key]

    @staticmethod
    def _schema_files(c: Connection, release: int) -> dict[str, str]:
        rows = c.execute(
            sa.select(store.release_file.c.path, store.release_file.c.hash).where(
                store.release_file.c.release == release, store.release_file.c.path.like("forms/schemas/%")
            )
        )
        return {row.path.rsplit("/", 1)[-1]: row.hash for row in rows}
