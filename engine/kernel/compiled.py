"""The compiled form that a release stores and instances run: the model as canonical JSON, free of the order of files.

Lines are left out: how a file is laid out is no part of what it means.
"""

from __future__ import annotations

import json
import types
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import cache
from typing import Any, Union, cast, get_args, get_origin, get_type_hints

from engine.kernel.decisions import Decision
from engine.kernel.errors import NotStorable
from engine.kernel.model import Model, Process

COMPILER_VERSION = 1

_LEFT_OUT = "line"


def dump(model: Model) -> bytes:
    """The same bytes for the same model, whatever the order in which its files were read."""
    body = {
        "compiler": COMPILER_VERSION,
        "processes": {id: _plain(process) for id, process in model.processes.items()},
        "decisions": {id: _plain(decision) for id, decision in model.decisions.items()},
    }
    return json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def load(body: bytes) -> Model:
    """The model, without lines. Raises NotStorable for a form that this version does not know."""
    stored = json.loads(body)
    if not isinstance(stored, dict) or stored.get("compiler") != COMPILER_VERSION:
        found = stored.get("compiler") if isinstance(stored, dict) else None
        raise NotStorable(f"compiler version {found!r} is not known here (known: {COMPILER_VERSION})")
    return Model(
        {id: cast(Process, _lively(Process, each)) for id, each in stored["processes"].items()},
        {id: cast(Decision, _lively(Decision, each)) for id, each in stored["decisions"].items()},
    )


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {
            each.name: _plain(getattr(value, each.name))
            for each in fields(value)
            if each.name != _LEFT_OUT and getattr(value, each.name) != _default(each)
        }
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(each) for each in value]
    if value is None or isinstance(value, bool | int | str):
        return value
    raise TypeError(f"{type(value).__name__} has no place in a compiled form")


def _lively(kind: Any, value: Any) -> Any:
    """A value of the type that a field declares."""
    origin, inner = get_origin(kind), get_args(kind)
    if isinstance(kind, type) and is_dataclass(kind):
        hints = _hints(kind)
        if strange := value.keys() - hints.keys():
            raise NotStorable(f"{kind.__name__} has {', '.join(sorted(strange))}, which is not known here")
        return kind(**{name: _lively(hints[name], each) for name, each in value.items()})
    if origin in (Union, types.UnionType):
        return None if value is None else _lively(next(each for each in inner if each is not type(None)), value)
    if origin is tuple and inner[-1] is Ellipsis:
        return tuple(_lively(inner[0], each) for each in value)
    if origin is tuple:
        return tuple(_lively(each, part) for each, part in zip(inner, value, strict=True))
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return {key: _lively(inner[1], each) for key, each in value.items()}
    return value


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _default(field: Field[Any]) -> Any:
    return field.default_factory() if field.default_factory is not MISSING else field.default
