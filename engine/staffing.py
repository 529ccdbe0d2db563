"""Whom work would reach: lanes and groups without anybody. It knows people and organisation.toml, and no case."""

from collections.abc import Mapping
from dataclasses import dataclass

from engine.organisation import OF_HEADS, OF_MANAGERS, Organisation


@dataclass(frozen=True, slots=True)
class Gaps:
    """What nobody would receive; everything by id, in the order of organisation.toml."""

    lanes: tuple[tuple[str, str], ...]  # lane, its group: what comes to it waits for nobody
    offices: tuple[str, ...]  # without anybody at all
    managers: tuple[str, ...]  # with people, but without a 断らない相談マネージャー
    heads: tuple[str, ...]  # with people, but without a 所属長
    unknown: tuple[str, ...]  # groups that people are in and organisation.toml does not know any more


def gaps(organisation: Organisation, members: Mapping[str, int]) -> Gaps:
    """``members``: how many active people each group has."""

    def is_empty(group: str) -> bool:
        return not members.get(group)

    staffed = [id for id, office in organisation.offices.items() if any(members.get(group) for group in office.groups)]
    fixed = [(lane, group) for lane, group in organisation.lanes.items() if group in organisation.groups]
    return Gaps(
        tuple((lane, group) for lane, group in fixed if is_empty(group)),
        tuple(id for id in organisation.offices if id not in staffed),
        tuple(id for id in staffed if is_empty(id + OF_MANAGERS)),
        tuple(id for id in staffed if is_empty(id + OF_HEADS)),
        tuple(sorted(group for group, count in members.items() if count and group not in organisation.groups)),
    )
