"""What somebody who can write to the database changes, leaves out or cuts off is found and named; what a disposal erases is not a fault."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from engine import cases, correspondence, proving, store, viewings
from engine.proving import Proof
from engine.stream import CHAINED, link
from engine.viewings import Viewed

if TYPE_CHECKING:
    from small_town import SmallTown

pytest_plugins = ("small_town",)

MORNING = datetime(2026, 4, 7, 1, 0, tzinfo=UTC)
EVENT, ANSWER, LINE = store.event, store.answer, store.access_log


@pytest.fixture
def written(small_town: SmallTown) -> SmallTown:
    """Two cases, in the first of which something was said and attached, and both were looked at."""
    case = small_town.opens("waiting").case
    small_town.opens("waiting")
    correspondence.say(small_town.city, case, None, "架空の書き込み。", small_town.counter)
    correspondence.attach(small_town.city, case, None, "架空.txt", "架空の書類".encode(), small_town.counter)
    looks = [Viewed(MORNING, what, None, "minamo", seen, "lead", "L2") for what in ("case", "answer:1", "case") for seen in (case, None)]
    viewings.write(small_town.city.store, looks)
    return small_town


def changes(town: SmallTown, *statements: Any) -> Proof:
    """Somebody with the database in hand does this; then it is proved."""
    with town.city.store.transaction() as c:
        for each in statements:
            c.execute(each)
    return proving.verify(town.city.store)


def test_what_nobody_touched_holds(written: SmallTown) -> None:
    proof = changes(written)
    assert proof.wrong == [] and (proof.cases, proof.lines, proof.erased) == (2, 6, 0) and proof.events == len(written.rows(EVENT))


def first(table: sa.Table) -> sa.ColumnElement[bool]:
    """The first row of a case's, by its order."""
    return sa.and_(table.c.case == 1, table.c.seq == 1)


BREAKS: list[tuple[str, list[Any], str]] = [
    ("an event says another time", [sa.update(EVENT).where(first(EVENT)).values(at=MORNING)], "1番目のできごとが書き換えられています。"),
    ("an event names somebody else", [sa.update(EVENT).where(first(EVENT)).values(by=99)], "1番目のできごとが書き換えられています。"),
    ("an event is taken out", [sa.delete(EVENT).where(EVENT.c.case == 1, EVENT.c.seq == 2)], "2番目のできごとがありません。"),
    ("the last events are cut off", [sa.delete(EVENT).where(EVENT.c.case == 1, EVENT.c.seq > 2)], "できごとの末尾が切り取られています。"),
    ("an answer says something else", [sa.update(ANSWER).where(ANSWER.c.id == 1).values(data={"answer": "別"})], "記録1の内容が書き換えられています。"),
    ("an answer can no longer be proved", [sa.update(ANSWER).where(ANSWER.c.id == 1).values(salt=None)], "記録1は、確かめられなくされています。"),
    ("an answer is taken away", [sa.delete(ANSWER).where(ANSWER.c.id == 1)], "記録1がありません。"),
    ("a comment says something else", [sa.update(store.comment).values(body="別")], "書き込み1の内容が書き換えられています。"),
    ("a comment is taken away", [sa.delete(store.comment)], "書き込み1がありません。"),
    ("a file holds something else", [sa.update(store.attachment).values(body=b"x")], "添付1の内容が書き換えられています。"),
    ("a file is taken away", [sa.delete(store.attachment)], "添付1がありません。"),
    ("a look names another ground", [sa.update(LINE).where(first(LINE)).values(ground="received")], "閲覧の記録 2026-04-07: 1行目が書き換えられています。"),
    ("a look is taken out", [sa.delete(LINE).where(LINE.c.case == 1, LINE.c.seq == 2)], "閲覧の記録 2026-04-07: 2行目がありません。"),
    ("the last look is cut off", [sa.delete(LINE).where(LINE.c.case == 1, LINE.c.seq == 3)], "閲覧の記録 2026-04-07: 末尾が切り取られています。"),
    ("all looks of a day are taken away", [sa.delete(LINE).where(LINE.c.case == 1)], "閲覧の記録 2026-04-07: 末尾が切り取られています。"),
    ("a day loses its end", [sa.delete(store.access_day).where(store.access_day.c.case == 1)],
     "閲覧の記録 2026-04-07: この日の記録の終わりを示すものがありません。"),
]  # fmt: skip


@pytest.mark.parametrize(("how", "says"), [each[1:] for each in BREAKS], ids=[each[0] for each in BREAKS])
def test_what_was_changed_is_named_with_its_case(written: SmallTown, how: list[Any], says: str) -> None:
    (number,) = (row.number for row in written.rows(store.case, store.case.c.id == 1))
    assert (number, says) in changes(written, *how).wrong


def test_only_the_broken_case_is_named(written: SmallTown) -> None:
    proof = changes(written, sa.update(EVENT).where(first(EVENT)).values(by=99))
    assert {number for number, _what in proof.wrong} == {written.rows(store.case)[0].number}


def test_a_look_that_belongs_to_no_case_is_proved_too(written: SmallTown) -> None:
    proof = changes(written, sa.update(LINE).where(LINE.c.case.is_(None), LINE.c.seq == 3).values(what="x"))
    assert proof.wrong == [(None, "閲覧の記録 2026-04-07: 3行目が書き換えられています。")]


def test_an_answer_that_came_in_beside_the_stream_is_found(written: SmallTown) -> None:
    row = written.rows(ANSWER)[0]._mapping
    beside = {**{name: value for name, value in row.items() if name != "id"}, "data": {"answer": "あとから"}}
    proof = changes(written, sa.insert(ANSWER).values(**beside))
    assert [what for _number, what in proof.wrong] == [f"記録{max(each.id for each in written.rows(ANSWER))}は、できごとのないまま加えられています。"]


def test_a_case_that_was_taken_away_leaves_a_gap_in_the_numbers(written: SmallTown) -> None:
    number = written.rows(store.case)[1].number
    gone = [
        sa.delete(table).where(table.c.case == 2)
        for table in (store.candidate, EVENT, ANSWER, store.timer, store.subscription, store.participation, store.task, store.outbox, store.instance)
        if "case" in table.c
    ]
    tasks = sa.select(store.task.c.id).where(store.task.c.case == 2)
    proof = changes(written, sa.delete(store.candidate).where(store.candidate.c.task.in_(tasks)), *gone, sa.delete(store.case).where(store.case.c.id == 2))
    assert (number, "このケースがありません。") in proof.wrong


def test_what_a_disposal_erased_with_its_salt_is_counted_and_no_fault(written: SmallTown) -> None:
    erased = [sa.update(ANSWER).where(ANSWER.c.id == 1).values(data=sa.null(), salt=None), sa.update(store.comment).values(body=None, salt=None)]
    proof = changes(written, *erased)
    assert proof.wrong == [] and proof.erased == 1


def test_a_correction_and_a_record_hold_like_everything_else(written: SmallTown) -> None:
    first_answer = written.rows(ANSWER, ANSWER.c.case == 1)[0]
    cases.correct(written.city, first_answer.id, {"answer": "直した"}, "書きまちがい", written.counter, written.key())
    assert changes(written).wrong == []


# -- against what was kept elsewhere ------------------------------------------------------------------------------------
def rewritten(town: SmallTown, table: sa.Table, which: sa.ColumnElement[bool], columns: frozenset[str], **changed: Any) -> None:
    """Somebody changes the first row of a chain and makes every link after it anew, with its head."""
    previous = ""
    with town.city.store.transaction() as c:
        for number, row in enumerate(c.execute(sa.select(table).where(which).order_by(table.c.seq)).mappings().all()):
            made = {**row, **(changed if number == 0 else {})}
            previous = link(previous, {name: made[name] for name in columns}, columns)
            c.execute(sa.update(table).where(which, table.c.seq == row["seq"]).values(hash=previous, **(changed if number == 0 else {})))
        if table is EVENT:
            c.execute(sa.update(store.case).where(store.case.c.id == 1).values(chain=previous))
        else:
            c.execute(sa.update(store.access_day).where(store.access_day.c.case == 1).values(chain=previous))


def test_a_chain_that_was_made_anew_is_found_against_what_was_kept(written: SmallTown) -> None:
    kept = proving.read_heads(proving.heads(written.city.store).dump())
    rewritten(written, EVENT, EVENT.c.case == 1, CHAINED, by=99)
    rewritten(written, LINE, LINE.c.case == 1, viewings.CHAINED, ground="received")
    assert proving.verify(written.city.store).wrong == []  # within itself it holds
    (number,) = (row.number for row in written.rows(store.case, store.case.c.id == 1))
    events = written.rows(store.case)[0].events
    assert proving.verify(written.city.store, kept).wrong == [
        (number, f"{events}番目までのできごとが、控えと違います。"), (number, "閲覧の記録 2026-04-07: 3行目までが、控えと違います。"),
    ]  # fmt: skip


def test_a_day_that_went_with_its_head_is_found_against_what_was_kept(written: SmallTown) -> None:
    kept = proving.heads(written.city.store)
    gone = [sa.delete(LINE).where(LINE.c.case.is_(None)), sa.delete(store.access_day).where(store.access_day.c.case == viewings.NO_CASE)]
    assert changes(written, *gone).wrong == []
    assert proving.verify(written.city.store, kept).wrong == [(None, "閲覧の記録 2026-04-07: 3行目までが、控えと違います。")]


def test_what_went_on_since_fits_what_was_kept(written: SmallTown) -> None:
    kept = proving.heads(written.city.store)
    written.opens("waiting")
    correspondence.say(written.city, 1, None, "あとからの書き込み。", written.counter)
    viewings.write(written.city.store, [Viewed(MORNING, "case", None, "minamo", 1, "lead", "L2")])
    assert proving.verify(written.city.store, kept).wrong == []


def test_what_is_kept_says_nothing_of_a_resident(written: SmallTown) -> None:
    assert "架空" not in proving.heads(written.city.store).dump()


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"cases": {"a": 1}, "lines": {}}', '{"cases": [], "lines": []}', "{"])
def test_a_file_that_is_none_of_ours_is_refused_with_what_to_do(text: str) -> None:
    with pytest.raises(proving.UnreadableHeads, match="--keep"):
        proving.read_heads(text)
