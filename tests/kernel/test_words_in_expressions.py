"""What an expression may name: forms, settings, facts, items, inputs, payloads, results; all else is asked about."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest
from bpmn import CITY, Drawing, codes, files, inside, loop, process, rows
from readings import reading, said, stops

from engine.kernel.model import FieldKind, Reading, Vocabulary
from engine.kernel.reading import read


def choice(condition: str, *others: Drawing, city: Vocabulary = CITY) -> Reading:
    """What is said of a process with this condition."""
    return reading(process("p").start().xor("g").when("done", condition).otherwise("done").end(), *others, city=city)


def rules(found: Reading) -> list[str]:
    return [problem.rule for problem in stops(found)]


def table(*rows: str, policy: str = "FIRST", given: str = "F1.choice") -> bytes:
    """A decision table with the input `given` and rows "cell|result"."""
    lines = (row.partition("|") for row in rows)
    written = "".join(
        f'<rule id="row{n}"><inputEntry id="i{n}"><text>{cell}</text></inputEntry>'
        f'<outputEntry id="o{n}"><text>{result}</text></outputEntry></rule>\n'
        for n, (cell, _, result) in enumerate(lines, 1)
    )
    return (
        '<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="n">\n'
        f'<decision id="table" name="目安"><decisionTable id="t" hitPolicy="{policy}">\n'
        f'<input id="i" label="選択"><inputExpression id="e"><text>{given}</text></inputExpression></input>\n'
        f'<output id="o" name="way"/>\n{written}</decisionTable></decision></definitions>'
    ).encode()


def with_table(drawing: Drawing, dmn: bytes, *others: Drawing) -> Reading:
    return read({**files(drawing, *others), "table.dmn": dmn}, CITY)


class TestWhatIsKnown:
    @pytest.mark.parametrize(
        "condition",
        [
            'F1.choice = "yes"',
            'F1.choice in ("yes", "no")',
            'F1.choice != "later" and not(F1.agreed)',
            'list contains(F1.kinds, "life")',
            "F1.number >= 2",
            "F1.on < today",
            "F1.on.year = 2026",
            "F1.on <= workdays(3, F1.on)",
            "months(1, today) > F1.on",
            "count(F1.roles[ask = true]) > 0",
            'some role in F1.roles satisfies role.answer = "accepted"',
            'every role in F1.roles[ask = true] satisfies consent(role.org, "share")',
            'count(F1.roles[org = lead() and consent(org, "share")]) = 1',
            "lead() = received_by()",
            "some p in persons() satisfies p.share",
            "count(settings.months) > 1",
            "initiator = lead()",
            "F1.note = null",
        ],
    )
    def test_conditions_that_name_what_the_city_offers(self, condition: str) -> None:
        assert not stops(choice(condition))

    @pytest.mark.parametrize(
        "condition", ['F1.choice == "yes"', "F1.agreed == True and F1.number > 1", "${F1.agreed}", "=F1.agreed"]
    )
    def test_conditions_in_the_spelling_of_other_products(self, condition: str) -> None:
        assert not stops(choice(condition))

    @pytest.mark.parametrize(
        ("condition", "rule"),
        [
            ("F1.roles[aks = true] = null", "unknown-field"),
            ('some r in F1.roles satisfies r.answer = "acepted"', "unknown-code"),
            ("F1.roles.organisation = null", "unknown-field"),
            ("F1.note.length = 1", "unknown-field"),
            ("F1.on.era = 1", "unknown-field"),
            ('F1.choice in ("yes", "nay")', "unknown-code"),
            ('F1.choice != "nay"', "unknown-code"),
            ('list contains(F1.kinds, "live")', "unknown-code"),
            ("role.org = null", "unknown-name"),
            ("F9.choice = null", "unknown-name"),
            ("settings.t_rply = null", "unknown-setting"),
            ("settings = null and F1 = null", "whole-form"),
            ("persons(1) = null", "wrong-arguments"),
            ("workdays() = today", "wrong-arguments"),
            ("months(1, today, 3) = today", "wrong-arguments"),
            ("open(\"/etc/passwd\") = null", "unknown-function"),
            ("__import__(\"os\") = null", "unknown-function"),
            ("answers(F1.choice) = null", "unknown-answers"),
            ("answers(\"F1\", 2) = null", "wrong-arguments"),
            ("F1.agreed or", "bad-expression"),
            ("x => 1", "bad-expression"),
        ],
    )  # fmt: skip
    def test_what_nobody_offers_is_asked_about(self, condition: str, rule: str) -> None:
        found = choice(condition)
        assert rule in rules(found)
        assert {problem.element for problem in stops(found)} == {"f_g_done"}

    def test_every_place_of_an_expression_is_looked_at_and_named(self) -> None:
        settings = {
            "groups": "=nowhere3",
            "assignee": "=nowhere4",
            "priority": "=nowhere5",
            "due": "=nowhere6",
            "follow_up": "=nowhere7",
        }
        repeated = loop("=nowhere1.list", "each", until="=nowhere2")
        drawing = process("p").start().user("t", form="F2", loop=repeated, **settings)
        drawing.call("c", "q", gives={"a": "=nowhere8"})
        drawing.throw("m", "told", payload={"b": "=nowhere9"}).optional("told")
        drawing.catch("w", timer="=nowhere10").catch("v", message="told", manualStart="=nowhere11")
        drawing.xor("g").when("done", "nowhere12").otherwise("done").end()
        found = said(reading(drawing, process("q").start().end()), "unknown-name")
        places = [problem.message.split(": ", 1)[1].split("の式の")[0] for problem in found]
        assert places[:5] == ["くり返す一覧", "くり返しをやめる条件", "担当グループ", "担当者", "優先度"]
        assert places[5:8] == ["期限", "始める日(followUpDate)", "渡す値「a」"]
        assert places[8:] == ["メッセージに添える「b」", "タイマー", "押せる人(manualStart)", "条件"]
        names = [f"nowhere{n}" for n in range(1, 13)]
        assert all(f"「{name}」という名前は" in problem.message for name, problem in zip(names, found, strict=True))

    def test_who_may_start_is_looked_at_too(self) -> None:
        (problem,) = stops(reading(process("p", candidateStarterGroups="=nowhere").start().end()))
        assert (problem.rule, problem.element) == ("unknown-name", "p")
        assert problem.message.startswith("「p」: 始められるグループの式の「nowhere」")
        named = process("p", candidateStarterGroups="kakari, kyoko").start()
        named.catch("x", message="told", manualStart="kakary").end("e")
        found = said(reading(named), "unknown-group")
        assert [(problem.element, problem.line is None) for problem in found] == [("p", True), ("x", False)]

    def test_settings_of_the_city_may_be_anything(self) -> None:
        assert not stops(choice('settings.months[1] = 1 or settings.t_reply = "P3D"'))

    def test_a_name_of_the_city_is_known_and_one_of_its_forms_shadows_nothing(self) -> None:
        city = replace(CITY, names=CITY.names | {"city_name"})
        assert not stops(choice('city_name = "みなも市"', city=city))
        assert rules(choice('city_name = "みなも市"')) == ["unknown-name"]


class TestWhatIsNeverTrue:
    @pytest.mark.parametrize(
        ("condition", "path"),
        [
            ('F1.kinds = "life"', "F1.kinds"),
            ('F1.agreed and F1.kinds != "life"', "F1.kinds"),
            ('F1.kinds in ("life", "home")', "F1.kinds"),
            ('(F1.kinds) in ("life")', "F1.kinds"),
            ('F1.roles.answer = "accepted"', "F1.roles.answer"),
        ],
    )
    def test_a_list_is_not_compared_with_one_text(self, condition: str, path: str) -> None:
        (problem,) = said(choice(condition), "list-compared")
        assert f"「{path}」は一覧なので" in problem.message and f"list contains({path}, " in problem.message

    @pytest.mark.parametrize(
        "condition",
        [
            "F1.kinds = null",
            'list contains(F1.kinds, "life")',
            'some r in F1.roles satisfies r.answer = "accepted"',
            'count(F1.roles[answer = "accepted"]) > 0',
            r'F1.note = "F1.kinds = \"life\""',
            'F1.roles[1].answer = "accepted"',
        ],
    )
    def test_what_only_looks_like_it_is_left_alone(self, condition: str) -> None:
        assert not stops(choice(condition))

    def test_a_cell_of_a_table_is_looked_at_in_the_same_way(self) -> None:
        drawing = process("p").start().rule("r", "table", "hint").end()
        found = with_table(drawing, table('"life"|"own"', given="F1.kinds"))
        assert [(problem.rule, problem.line) for problem in stops(found)] == [("list-compared", 5)]
        assert not stops(with_table(drawing, table('list contains(?, "life")|"own"', given="F1.kinds")))

    @pytest.mark.parametrize("field", ["note", "choice", "number", "on", "roles"])
    def test_a_condition_that_is_a_field_must_be_one_of_yes_or_no(self, field: str) -> None:
        assert rules(choice(f"F1.{field}")) == ["yes-no-wanted"]
        assert not stops(choice("F1.agreed"))


class TestLoopItems:
    def repeated(self, collection: str, condition: str, *, city: Vocabulary = CITY) -> Reading:
        each = inside("each").start("b").xor("g").when("d", condition).otherwise("d").end("d")
        return reading(process("p").start().sub(each, loop=loop(collection, "row")).end(), city=city)

    @pytest.mark.parametrize(
        ("collection", "condition"),
        [
            ("=F1.roles", 'row.org = lead() and row.answer = "accepted"'),
            ('=F1.roles[consent(org, "share")]', "row.ask = true"),
            ("=F1.kinds", 'row = "life"'),
            ("=settings.months", "row > 3"),
            ("=persons()", "row.share = true"),
            ('=["a", "b"]', 'row = "c"'),
        ],
    )
    def test_an_item_is_what_the_list_holds(self, collection: str, condition: str) -> None:
        assert not stops(self.repeated(collection, condition))

    @pytest.mark.parametrize(
        ("collection", "condition", "rule"),
        [
            ("=F1.roles", "row.organisation = null", "unknown-field"),
            ("=F1.roles[ask = true]", 'row.answer = "agreed"', "unknown-code"),
            ("=F1.kinds", 'row = "live"', "unknown-code"),
            ("=F1.kinds", "row.name = null", "unknown-field"),
        ],
    )
    def test_what_an_item_does_not_have_is_asked_about(self, collection: str, condition: str, rule: str) -> None:
        assert rules(self.repeated(collection, condition)) == [rule]

    def test_an_item_is_known_inside_of_its_repetition_only(self) -> None:
        each = inside("each").start("b").user("t", form="F2", groups="=row.org").end("d")
        drawing = (
            process("p")
            .start()
            .sub(each, loop=loop("=F1.roles", "row"))
            .user("after", form="F2", groups="=row.org")
            .end()
        )
        assert [problem.element for problem in said(reading(drawing), "unknown-name")] == ["after"]

    def test_a_repeated_task_knows_its_own_item_but_its_list_does_not(self) -> None:
        mine = process("p").start().user("t", form="F2", groups="=row.org", loop=loop("=F1.roles", "row")).end()
        assert not stops(reading(mine))
        listed = process("p").start().user("t", form="F2", groups="kakari", loop=loop("=row.parts", "row")).end()
        assert rules(reading(listed)) == ["unknown-name"]

    def test_repetitions_within_each_other_see_both_items(self) -> None:
        city = replace(
            CITY, forms={**CITY.forms, "F1": {**CITY.forms["F1"], "homes": rows(people=rows(age=FieldKind("number")))}}
        )
        inner = (
            inside("inner")
            .start("b2")
            .xor("g")
            .when("d2", "person.age > 1 and count(home.people) > 1")
            .otherwise("d2")
            .end("d2")
        )
        outer = inside("outer").start("b1").sub(inner, loop=loop("=home.people", "person")).end("d1")
        drawing = process("p").start().sub(outer, loop=loop("=F1.homes", "home")).end()
        assert not stops(reading(drawing, city=city))

    @pytest.mark.parametrize("field", ["note", "on", "agreed", "number", "choice"])
    def test_what_is_no_list_cannot_be_repeated(self, field: str) -> None:
        assert rules(self.repeated(f"=F1.{field}", "row = null")) == ["list-wanted"]


class TestCallInputs:
    def called(self, condition: str) -> Drawing:
        return process("q").start().xor("g").when("done", condition).otherwise("done").end()

    def test_an_input_is_one_of_the_texts_that_calls_give(self) -> None:
        a = process("a").start().call("x", "q", gives={"purpose": '="plan"'}).end()
        b = process("b").start().call("y", "q", gives={"purpose": '="closing"'}).end()
        assert not stops(reading(self.called('purpose = "closing"'), a, b))
        (problem,) = stops(reading(self.called('purpose = "close"'), a, b))
        assert problem.rule == "unknown-code" and "もしかして: closing" in problem.message

    def test_an_input_that_is_computed_may_be_anything(self) -> None:
        a = process("a").start().call("x", "q", gives={"purpose": "=F1.note"}).end()
        assert not stops(reading(self.called('purpose = "whatever"'), a))

    def test_an_input_is_known_in_the_called_process_only(self) -> None:
        a = (
            process("a")
            .start()
            .call("x", "q", gives={"purpose": '="plan"'})
            .xor("g")
            .when("done", "purpose = null")
            .otherwise("done")
            .end()
        )
        assert [problem.file for problem in said(reading(self.called('purpose = "plan"'), a), "unknown-name")] == [
            "a.bpmn"
        ]

    def test_a_process_that_nobody_calls_has_no_inputs(self) -> None:
        assert rules(reading(self.called('purpose = "plan"'))) == ["unknown-name"]

    def test_inputs_are_not_handed_on_by_themselves(self) -> None:
        a = process("a").start().call("x", "b", gives={"purpose": '="plan"'}).end()
        b = process("b").start().call("y", "q").end()
        assert [problem.file for problem in stops(reading(self.called('purpose = "plan"'), a, b))] == ["q.bpmn"]


class TestPayloads:
    def answering(self, **payload: str) -> Drawing:
        return process("q").start(message="asked").throw("t", "replied", payload=payload).end()

    def asking(self, condition: str) -> Drawing:
        drawing = process("p").start().throw("a", "asked").catch("c", message="replied", payload="reply")
        return drawing.xor("g").when("done", condition).otherwise("done").end()

    def test_a_payload_has_what_is_sent_with_the_message(self) -> None:
        assert not stops(reading(self.asking('reply.result = "accepted"'), self.answering(result='="accepted"')))
        (problem,) = stops(reading(self.asking("reply.reason = null"), self.answering(result='="accepted"')))
        assert problem.rule == "unknown-field" and "使えるもの: result" in problem.message
        (problem,) = stops(reading(self.asking('reply.result = "acepted"'), self.answering(result='="accepted"')))
        assert problem.rule == "unknown-code" and "もしかして: accepted" in problem.message

    def test_a_payload_is_known_where_the_message_is_received(self) -> None:
        other = process("r").start().xor("g").when("done", "reply.result = null").otherwise("done").end()
        found = reading(self.asking("reply.result = null"), self.answering(result='="accepted"'), other)
        assert [(problem.file, problem.rule) for problem in stops(found)] == [("r.bpmn", "unknown-name")]


class TestDecisions:
    def decided(self, condition: str, *rows: str, policy: str = "FIRST", kind: str = "singleResult") -> Reading:
        drawing = process("p").start().rule("r", "table", "hint", kind=kind)
        return with_table(drawing.xor("g").when("done", condition).otherwise("done").end(), table(*rows, policy=policy))

    def test_a_result_has_the_columns_of_the_table_and_what_they_can_say(self) -> None:
        assert not stops(self.decided('hint.way = "own"', '"yes"|"own"', '-|"other"'))
        (problem,) = stops(self.decided('hint.way = "onw"', '"yes"|"own"', "-|null"))
        assert problem.rule == "unknown-code" and "もしかして: own" in problem.message
        (problem,) = stops(self.decided("hint.ways = null", '"yes"|"own"'))
        assert problem.rule == "unknown-field" and "もしかして: way" in problem.message

    def test_a_computed_column_may_say_anything(self) -> None:
        assert not stops(self.decided('hint.way = "whatever"', '"yes"|F1.note'))

    def test_a_list_of_results(self) -> None:
        given = {"policy": "COLLECT", "kind": "resultList"}
        assert not stops(
            self.decided('count(hint) > 0 and (some h in hint satisfies h.way = "own")', '-|"own"', **given)
        )
        assert rules(self.decided('some h in hint satisfies h.way = "onw"', '-|"own"', **given)) == ["unknown-code"]

    def test_a_result_is_read_like_an_answer_in_called_and_calling_processes(self) -> None:
        reader = process("q").start().xor("g").when("done", 'hint.way = "own"').otherwise("done").end()
        drawing = process("p").start().rule("r", "table", "hint").call("c", "q").end()
        assert not stops(with_table(drawing, table('-|"own"'), reader))
        apart = process("p").start().rule("r", "table", "hint").end()
        assert rules(with_table(apart, table('-|"own"'), reader)) == ["unknown-name"]

    def test_the_table_itself_may_name_what_its_processes_may_name(self) -> None:
        drawing = process("p").start().rule("r", "table", "hint").end()
        caller = process("a").start().call("c", "p", gives={"purpose": '="plan"'}).end()
        assert not stops(with_table(drawing, table('"plan"|"own"', given="purpose"), caller))
        found = with_table(drawing, table('"plan"|"own"', given="purpose"))
        (problem, *_) = said(found, "unknown-name")
        assert (problem.file, problem.element, problem.line) == ("table.dmn", "table", 3)
        assert problem.message.startswith("「目安」(table): 条件の列「選択」の式の「purpose」")

    def test_codes_in_cells_are_looked_up(self) -> None:
        drawing = process("p").start().rule("r", "table", "hint").end()
        (problem,) = stops(with_table(drawing, table('"yes"|"own"', '"nay", "later"|"other"')))
        assert (problem.rule, problem.line) == ("unknown-code", 6)
        assert "2行目の「選択」のマスの式の「F1.choice」に、選択肢「nay」はありません" in problem.message


class TestAnswers:
    def asked(self, condition: str) -> Iterable[str]:
        each = inside("each").start("b").user("t", form="F2", groups="=row.org").end("d")
        drawing = process("p").start().sub(each, loop=loop("=F1.roles", "row"))
        return rules(reading(drawing.xor("g").when("done", condition).otherwise("done").end()))

    def test_answers_of_a_form_that_is_filled_in_a_repetition(self) -> None:
        assert not self.asked('every a in answers("F2") satisfies a.answer = "accepted"')
        assert not self.asked('count(answers("F2")) > 1')

    def test_their_fields_and_codes_are_looked_up(self) -> None:
        assert self.asked('some a in answers("F2") satisfies a.anwser = null') == ["unknown-field"]
        assert self.asked('some a in answers("F2") satisfies a.answer = "acepted"') == ["unknown-code"]

    def test_answers_of_a_form_that_no_repetition_fills_are_always_none(self) -> None:
        assert self.asked('count(answers("F1")) > 1') == ["never-listed"]


class TestNames:
    @pytest.mark.parametrize("name", ["F1", "settings", "today", "initiator"])
    def test_a_name_of_something_else_cannot_be_given_to_a_value(self, name: str) -> None:
        for drawing in (
            process("p").start().user("x", form="F2", groups="kakari", loop=loop("=F1.roles", name)).end(),
            process("p").start().catch("x", message="told", payload=name, manualStart="kakari").end(),
            process("p").start().rule("x", "table", name).end(),
        ):
            assert said(with_table(drawing, table('-|"own"')), "name-taken")[0].element == "x"

    @pytest.mark.parametrize("name", ["the role", "role-1", "1st", "for", "a.b", "役割!"])
    def test_a_name_must_be_one_that_expressions_can_read(self, name: str) -> None:
        drawing = process("p").start().user("x", form="F2", groups="kakari", loop=loop("=F1.roles", name)).end()
        assert "bad-name" in rules(reading(drawing))

    def test_a_japanese_name_is_a_name(self) -> None:
        drawing = process("p").start().user("x", form="F2", groups="=役割.org", loop=loop("=F1.roles", "役割")).end()
        assert not stops(reading(drawing))


def test_a_code_of_a_form_that_has_it_is_known_wherever_it_is_compared() -> None:
    city = replace(CITY, forms={"F1": {"a": codes("x"), "b": codes("y")}, "F2": CITY.forms["F2"]})
    assert not stops(choice('F1.a = "x" or F1.b = "y"', city=city))
    assert rules(choice('F1.a = "y"', city=city)) == ["unknown-code"]
