"""Publishing: a folder becomes an immutable release, whole or not at all. Instances keep the closure they were started with.

It must not touch a running instance.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine import facts, feeds, formulas, organisation, store
from engine.city import City
from engine.coherence import misfits
from engine.errors import Refusal, Unpublishable
from engine.kernel.model import FieldKind, Model, Problem, Vocabulary
from engine.kernel.reading import COMPILER_VERSION, closure, dump, read
from engine.organisation import Organisation
from forms.form import Field, Form
from forms.schema import canonical, load_files

FOLDERS = (("processes/bpmn", ".bpmn"), ("processes/dmn", ".dmn"), ("processes/walkthroughs", ".feature"), ("forms/schemas", ".json"))
SETTINGS = "processes/organisation.toml"


class NotFromHere(Refusal):
    """公開中の版は、このフォルダから公開されたものではありません。上書きするときは --replace を付けてください。"""


class Problems(Unpublishable):
    """公開できません。直すところがあります。"""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__()
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Checked:
    """The files of a folder, read and checked together."""

    files: Mapping[str, bytes]
    problems: tuple[Problem, ...]
    model: Model | None
    forms: Mapping[str, Form]
    organisation: Organisation | None

    @property
    def stops(self) -> tuple[Problem, ...]:
        return tuple(problem for problem in self.problems if problem.kind in ("ask", "refused"))

    @property
    def hash(self) -> str:
        return hashlib.sha256("\n".join(f"{path} {_hash(body)}" for path, body in sorted(self.files.items())).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Difference:
    """What a folder has that the release in force has not, and the other way round."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed)


def gather(folder: Path) -> dict[str, bytes]:
    """The files that a process owner owns, by path below the folder."""
    found = {}
    for place, ending in FOLDERS:
        for path in sorted((folder / place).glob(f"*{ending}")):
            found[f"{place}/{path.name}"] = path.read_bytes()
    if (folder / SETTINGS).is_file():
        found[SETTINGS] = (folder / SETTINGS).read_bytes()
    return found


def check(files: Mapping[str, bytes]) -> Checked:
    """Read everything and give every problem of every file at once."""
    problems: list[Problem] = []
    city, found = organisation.read(files.get(SETTINGS, b""))
    problems += found
    forms, wrong = load_files({_name(path): body for path, body in files.items() if path.startswith("forms/schemas/")})
    problems += [Problem(sentence.split("：")[0].split(" ")[0], None, None, "refused", "form-schema", sentence) for sentence in wrong]
    problems += _unknown_feeds(forms)
    words = vocabulary(forms, city)
    drawn = {_name(path): body for path, body in files.items() if path.endswith((".bpmn", ".dmn"))}
    reading = read(drawn, words)
    problems += reading.problems
    if city is not None and reading.model is not None:
        problems += misfits(files[SETTINGS], city, reading.model, forms)
        problems += formulas.problems(files, forms, words, reading.model, _kind)
    if not drawn:
        problems.append(Problem("processes/bpmn", None, None, "refused", "no-process", "業務の流れがひとつもありません。.bpmn を置いてください。"))
    return Checked(files, tuple(problems), reading.model, forms, city)


def vocabulary(forms: Mapping[str, Form], city: Organisation | None) -> Vocabulary:
    """What diagrams and tables may name."""
    return Vocabulary(
        forms={id: {field.name: _kind(field) for field in form.fields} for id, form in forms.items()},
        parts={id: tuple(part.id for part in form.parts) for id, form in forms.items()},
        settings=frozenset(city.settings) if city is not None else frozenset(),
        lanes=frozenset(lane for lane, group in city.lanes.items() if group) if city is not None else frozenset(),
        groups=city.groups if city is not None else frozenset(),
        starters=frozenset(city.starters) if city is not None else frozenset(),
        functions=facts.FUNCTIONS, results=facts.RESULTS, names=facts.NAMES,
        phases=None if city is None else frozenset(f"{ladder}:{each.code}" for ladder, all in city.phases.items() for each in all),
        signals=None if city is None else frozenset(city.signals.values()),
    )  # fmt: skip


def publish(city: City, folder: Path, by: int | None = None, reason: str | None = None, replace: bool = False) -> Difference:
    """Make the folder the release in force. Raises Problems (nothing is published then) and NotFromHere.

    Instances that run keep what they were started with; organisation.toml is living and holds for waits that begin later.
    """
    checked = check(gather(folder))
    if checked.stops:
        raise Problems(checked.problems)
    assert checked.model is not None
    with city.store.transaction() as c:
        difference = _difference(c, checked.files)
        in_force = c.execute(sa.select(store.release).where(store.release.c.in_force)).one_or_none()
        if in_force is not None and in_force.source != str(folder.resolve()) and not replace:
            raise NotFromHere
        if in_force is not None and in_force.hash == checked.hash:
            return difference
        at = city.now()
        for body in checked.files.values():
            c.execute(store.insert_unless_there(c, store.blob, {"hash": _hash(body), "body": body}))
        c.execute(sa.update(store.release).values(in_force=False))
        release = c.execute(
            sa.insert(store.release)
            .values(hash=checked.hash, source=str(folder.resolve()), reason=reason, published_at=at, published_by=by, in_force=True)
            .returning(store.release.c.id)
        ).scalar_one()
        c.execute(
            sa.insert(store.release_file),
            [{"release": release, "path": path, "hash": _hash(body)} for path, body in checked.files.items()],
        )
        for process in checked.model.processes:
            _write_closure(c, release, process, checked)
        body = checked.files[SETTINGS]
        known = store.settings_version
        newest = c.execute(sa.select(known.c.hash, known.c.in_force_from).order_by(known.c.in_force_from.desc()).limit(1)).one_or_none()
        if newest is None or newest.hash != _hash(body):
            from_ = at if newest is None else max(at, newest.in_force_from + timedelta(microseconds=1))  # no two begin at the same moment
            c.execute(sa.delete(known).where(known.c.hash == _hash(body)))
            c.execute(sa.insert(known).values(hash=_hash(body), body=body, in_force_from=from_))
        return difference


def difference(city: City, folder: Path) -> Difference:
    """How a folder differs from the release in force."""
    with city.store.reading() as c:
        return _difference(c, gather(folder))


def is_empty(city: City) -> bool:
    """Whether nothing was ever published here."""
    with city.store.reading() as c:
        return c.execute(sa.select(store.release.c.id).limit(1)).first() is None


def _difference(c: Connection, files: Mapping[str, bytes]) -> Difference:
    rows = c.execute(sa.select(store.release_file.c.path, store.release_file.c.hash).join(store.release).where(store.release.c.in_force))
    published = {row.path: row.hash for row in rows}
    here = {path: _hash(body) for path, body in files.items()}
    return Difference(
        tuple(sorted(here.keys() - published.keys())),
        tuple(sorted(path for path in here.keys() & published.keys() if here[path] != published[path])),
        tuple(sorted(published.keys() - here.keys())),
    )


def _write_closure(c: Connection, release: int, process: str, checked: Checked) -> None:
    """A process with all it calls, decides by and asks: compiled once for each content."""
    assert checked.model is not None
    parts = closure(checked.model, process)
    model = Model(
        {id: checked.model.processes[id] for id in parts.processes}, {id: checked.model.decisions[id] for id in parts.decisions}
    )
    body = dump(model)
    schemas = _schemas(checked, parts.forms)
    fingerprint = body + canonical(schemas) + str(COMPILER_VERSION).encode()
    hash = hashlib.sha256(process.encode() + fingerprint).hexdigest()
    values: dict[str, Any] = {"closure": hash, "process": process, "compiler_version": COMPILER_VERSION, "body": body, "schemas": schemas}
    c.execute(store.insert_unless_there(c, store.compiled, values))
    versions = sa.select(sa.func.max(store.release_process.c.version), sa.func.count()).where(store.release_process.c.process == process)
    last = c.execute(versions).one()[0] or 0
    same = c.scalar(
        sa.select(store.release_process.c.version).where(store.release_process.c.process == process, store.release_process.c.closure == hash).limit(1)
    )
    c.execute(sa.insert(store.release_process).values(release=release, process=process, closure=hash, version=same or last + 1))


def _schemas(checked: Checked, forms: tuple[str, ...]) -> dict[str, str]:
    """The schema files of these forms, and the shared files that schemas refer to."""
    ids = set(forms)
    shared = {_name(path) for path in checked.files if path.startswith("forms/schemas/")} - {f"{id}.json" for id in checked.forms}
    names = sorted({f"{id}.json" for id in ids} | shared)
    return {name: _hash(checked.files[f"forms/schemas/{name}"]) for name in names}


def _unknown_feeds(forms: Mapping[str, Form]) -> list[Problem]:
    found = []
    for form in forms.values():
        for field in form.fields:
            for fact in (field.feeds or "").replace(",", " ").split():
                if fact not in feeds.FACTS:
                    message = f"{form.id} の項目「{field.title}」の x-feeds「{fact}」は台帳の事実ではありません。"
                    message += f"{'・'.join(sorted(feeds.FACTS))} から選んでください。"
                    found.append(Problem(f"{form.id}.json", field.name, None, "refused", "unknown-fact", message))
    return found


def _kind(field: Field) -> FieldKind:
    codes = frozenset(code.code for code in field.codes) if field.codes else None
    rows = {row.name: _kind(row) for row in field.rows} if field.rows else None
    return FieldKind(field.kind, codes, rows)


def _name(path: str) -> str:
    return path.rsplit("/", 1)[-1]


def _hash(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
