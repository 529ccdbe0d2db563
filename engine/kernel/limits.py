"""How far one command may go: steps, time, size of the state. Beyond it nothing is lost: the instance stands still as an incident.

It must not look at a clock: who calls hands in what says that the time is over.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from engine.kernel.commands import Command, Start
from engine.kernel.state import State, dump

FEW = 100  # tokens that together stay far below any limit of bytes while they carry nothing


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one command. ``is_over``: whether its time is over, asked before every step."""

    steps: int = 1000  # of the engine between two people, moments or messages
    bytes: int = 1_000_000  # of the stored state
    is_over: Callable[[], bool] = lambda: False

    def too_many_steps(self, path: Iterable[str]) -> str:
        """Why an instance stands still. ``path``: names of the elements that it passed, in order."""
        return f"人の手を介さずに{self.steps:,}段を超えて進みました。{_cycle(path)}をくり返しています。くり返しから出る条件を確かめてください。"

    def too_slow(self, path: Iterable[str]) -> str:
        return f"人の手を介さずに進むところで、時間がかかりすぎました。{_cycle(path)}の条件、判断表、くり返しを確かめてください。"

    def too_large(self) -> str:
        return f"この先で覚えておくことが、{self.bytes:,}バイトを超えます。くり返しの件数や、呼び出しや知らせに渡す値を減らしてください。"

    def are_exceeded_by(self, state: State, command: Command) -> bool:
        """Whether a state is too large; it is written out only where it may be."""
        carries = isinstance(command, Start) or len(state.tokens) > FEW
        carries = carries or any(token.data or token.inputs or token.rounds for token in state.tokens)
        return carries and len(dump(state)) > self.bytes


def _cycle(path: Iterable[str]) -> str:
    return "→".join(f"「{name}」" for name in last_cycle(tuple(path)))


def last_cycle(path: tuple[str, ...]) -> tuple[str, ...]:
    """The shortest part that the end of a path repeats; where it repeats nothing, its last element."""
    for length in range(1, len(path) // 2 + 1):
        if path[-length:] == path[-2 * length : -length]:
            return path[-length:]
    return path[-1:]
