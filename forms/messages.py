"""The sentences that say what is wrong with an answer and what to do; decides nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .characters import showable
from .dates import shortened
from .form import Field


@dataclass(frozen=True)
class FieldError:
    """What is wrong at one place: path is the HTML name (`persons-0-birthDate`), message a whole sentence."""

    path: str
    message: str


@dataclass(frozen=True)
class Place:
    """A field, and the row it stands in when it belongs to a repeated one."""

    field: Field
    group: Field | None = None
    row: int = 0

    @property
    def path(self) -> str:
        """The HTML name."""
        return f"{self.group.name}-{self.row}-{self.field.name}" if self.group else self.field.name

    @property
    def called(self) -> str:
        """How a sentence calls the place: 「生年月日」, 2人目の「生年月日」, 「課題」2件目の「内容」."""
        if self.group is None:
            return f"「{self.field.title}」"
        return f"{row_called(self.group, self.row)}の「{self.field.title}」"

    def error(self, message: str) -> FieldError:
        """An error at this place: `message` follows the name after a colon."""
        return FieldError(self.path, f"{self.called}：{message}")

    def missing(self) -> FieldError:
        """The error of a place that must be filled and is not."""
        return FieldError(self.path, f"{self.called}{_ASK.get(self.field.kind, 'を選んでください。')}")


_ASK = {
    "text": "を書いてください。",
    "longtext": "を書いてください。",
    "number": "を数字で書いてください。",
    "date": "を書いてください（年・月・日）。",
    "datetime": "を書いてください（年・月・日と時刻）。",
    "bool": "を選んでください。",
    "code": "を1つ選んでください。",
    "codes": "を選んでください（いくつでも）。",
    "persons": "を選んでください（いくつでも）。",
    "list": "を1件は書いてください。",
    "file": "のファイルを選んでください。",
}


def is_of_people(group: Field) -> bool:
    """Whether the rows of this list are persons."""
    return group.widget in ("person", "persons")


def row_called(group: Field, row: int) -> str:
    """How a row is called: 2人目, or 「課題」2件目."""
    return f"{row + 1}人目" if is_of_people(group) else f"「{group.title}」{row + 1}件目"


def quoted(text: str) -> str:
    """What somebody sent, short and printable, in brackets."""
    return f"「{shortened(showable(text))}」"


def too_long(length: int, most: int) -> str:
    """A text over its limit."""
    return f"{most:,}字までです（いま{length:,}字）。{length - most:,}字けずってください。"


def too_many_rows(rows: int, most: int) -> str:
    """A list over its limit."""
    return f"{most:,}件までです（いま{rows:,}件）。いらない行を外してください。"


def unreadable(text: str) -> str:
    """A text with a character that no record can hold."""
    return f"読めない文字（{_code_points(text)}）が入っています。その文字を消すか、書き直してください。"


def not_a_number(text: str) -> str:
    """Letters where a number belongs."""
    return f"{quoted(text)}は数字として読めません。0から9の数字だけで書いてください。"


def not_an_option(values: Sequence[str]) -> str:
    """A choice that is not offered."""
    return f"{''.join(quoted(value) for value in values[:5])}は、いま選べるものにありません。選び直してください。"


def kept_on_paper() -> str:
    """A restricted option or field."""
    return "閲覧制限の仕組みが整うまで、ここには記録できません。紙で管理してください。"


def sent_twice(values: Sequence[str]) -> str:
    """Two values where one belongs."""
    return f"{''.join(quoted(value) for value in values[:5])}が一度に送られました。1つにしてください。"


def _code_points(text: str) -> str:
    codes = sorted({f"U+{ord(character):04X}" for character in text})
    return "、".join(codes[:3])


def in_page_order(fields: Sequence[Field], errors: Iterable[FieldError]) -> tuple[FieldError, ...]:
    """The errors as their places follow each other on the page, strangers last, each place and sentence once."""
    order = {field.name: number for number, field in enumerate(fields)}
    inside = {(field.name, member.name): number for field in fields for number, member in enumerate(field.rows)}

    def rank(error: FieldError) -> tuple[int, int, int]:
        name, _, rest = error.path.partition("-")
        row, _, member = rest.partition("-")
        number = int(row) if row.isascii() and row.isdigit() else -1
        return order.get(name, len(order)), number, inside.get((name, member.partition("-")[0]), -1)

    return tuple(sorted(dict.fromkeys(errors), key=rank))
