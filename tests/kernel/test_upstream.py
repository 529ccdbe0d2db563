"""What we override of SpiffWorkflow is listed with a fingerprint of the upstream source, so that no upgrade goes by unread.

When this fails after an upgrade: read what changed upstream, adapt our method, then write the new fingerprint into the list.
"""

from __future__ import annotations

import hashlib
import inspect
import tomllib
from importlib.metadata import version
from pathlib import Path
from typing import Any

from engine.kernel import elements, names, running, specs, throws, waits

ROOT = Path(__file__).parents[2]
LIST = tomllib.loads((ROOT / "engine" / "kernel" / "overrides.toml").read_text("utf-8"))


def of_library(kind: type) -> bool:
    return kind.__module__.startswith("SpiffWorkflow.")


def overridden(modules: tuple[Any, ...] = (names, elements, running, specs, throws, waits)) -> dict[str, str]:
    """Every method of the library that a class of ours replaces, with the fingerprint of its source.

    A mixin of ours replaces the methods of the classes that come after it in any class it is mixed into.
    """
    found = {}
    for module in modules:
        for kind in vars(module).values():
            if not isinstance(kind, type) or kind.__module__ != module.__name__ or not any(map(of_library, kind.__mro__)):
                continue
            for name in {name for ours in kind.__mro__ if not of_library(ours) and ours is not object for name in vars(ours)}:
                upstream = next((each for each in kind.__mro__ if of_library(each) and name in vars(each)), None)
                if upstream is not None and callable(getattr(upstream, name)):
                    method = inspect.unwrap(getattr(upstream, name))
                    found[f"{upstream.__module__}.{upstream.__qualname__}.{name}"] = fingerprint(method)
    return found


def fingerprint(method: Any) -> str:
    return hashlib.sha256(inspect.getsource(method).encode()).hexdigest()[:16]


def test_what_is_overridden_is_listed() -> None:
    assert sorted(LIST["overrides"]) == sorted(overridden())


def test_upstream_is_as_it_was_when_it_was_read() -> None:
    now = overridden()
    changed = [name for name, known in LIST["overrides"].items() if now.get(name) != known]
    assert changed == [], "read what changed upstream, adapt ours, then write the new fingerprint into engine/kernel/overrides.toml"


def test_the_version_that_was_read_is_the_one_that_is_pinned_and_installed() -> None:
    assert LIST["version"] == "3.2.0" == version("SpiffWorkflow")
    pinned = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["dependencies"]
    assert "SpiffWorkflow==3.2.0" in pinned


def test_a_new_override_is_noticed() -> None:
    class Strange(specs.End):
        def _run(self, my_task: Any) -> None: ...

    class Module:
        __name__ = "strange"

    Strange.__module__ = Module.__name__ = "strange"
    Module.Strange = Strange  # type: ignore[attr-defined]
    assert "SpiffWorkflow.specs.base.TaskSpec._run" in overridden((Module,))


def test_no_class_of_the_library_is_changed() -> None:
    """Ours are subclasses: what the library brings is what its files say."""
    for name in overridden():
        path, _, method = name.rpartition(".")
        module, _, kind = path.rpartition(".")
        found = getattr(getattr(__import__(module, fromlist=[kind]), kind), method)
        assert found.__module__.startswith("SpiffWorkflow."), name
