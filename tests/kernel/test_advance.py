"""What an instance does when somebody acts on it: tasks, gateways, waits, scopes, rounds."""

import pytest
from bpmn import Drawing, inside, loop, process
from playing import Play

from engine.kernel import events
from engine.kernel.commands import Complete, Deliver, Fire, Retry, Start
from engine.kernel.errors import NotWaiting


def desk(id: str = "p") -> Drawing:
    """A process whose tasks are done by the group kakari."""
    return process(id).start()


def work(drawing: Drawing, id: str, form: str = "F1#ask", **settings: str) -> Drawing:
    return drawing.user(id, id, form=form, groups="kakari", **settings)


# -- tasks -------------------------------------------------------------------------------------------------------------
def test_a_started_process_opens_its_first_task() -> None:
    play = Play(work(desk(), "ask").end()).start(initiator="3")
    assert play.open == ["ask"]
    assert not play.ended


def test_a_finished_last_task_ends_the_instance_where_it_ended() -> None:
    play = Play(work(desk(), "ask").end("done")).start().completes("ask")
    assert play.ended
    assert play.state.ended_in == "p:done"
    assert play.happened(events.InstanceEnded) == [events.InstanceEnded("", "p:done")]


def test_a_task_opens_with_group_person_and_deadline() -> None:
    drawing = work(desk(), "ask", due="P3BD", follow_up="P1D", priority="80", assignee="=initiator").end()
    (opened,) = Play(drawing).start(initiator="12").happened(events.TaskOpened)
    assert opened.groups == ("kakari",)
    assert opened.assignee == "12"
    assert opened.due_on.isoformat() == "2026-06-04"
    assert opened.follow_up_on.isoformat() == "2026-06-02"
    assert opened.priority == 80


def test_a_task_without_a_group_of_its_own_belongs_to_its_lane() -> None:
    drawing = process("p").lane("課長", "begin", "ask", "done").start().user("ask", form="F1#ask").end()
    (opened,) = Play(drawing).start().happened(events.TaskOpened)
    assert opened.groups == ("kakari.head",)


def test_ids_tell_instance_version_and_order() -> None:
    play = Play(work(work(desk(), "one"), "two").end()).start()
    assert play.task("one").id.startswith("7-1-")
    assert play.completes("one").task("two").id.startswith("7-2-")


def test_a_task_that_is_over_cannot_be_completed_again() -> None:
    play = Play(work(work(desk(), "one"), "two").end()).start()
    token = play.task("one").id
    play.completes("one")
    with pytest.raises(NotWaiting):
        play.does(Complete(token))
    assert play.open == ["two"]


def test_an_instance_is_started_once() -> None:
    play = Play(work(desk(), "ask").end()).start()
    with pytest.raises(NotWaiting):
        play.does(Start("p"))


# -- gateways ----------------------------------------------------------------------------------------------------------
def choice() -> Play:
    drawing = work(desk(), "ask").xor("q").when("first", 'F1.choice = "yes"').when("second", 'F1.choice in ("yes", "later")').otherwise("third")
    return Play(_branches(drawing, "first", "second", "third")).start()


def _branches(drawing: Drawing, *targets: str) -> Drawing:
    for target in targets:
        drawing._here = None
        work(drawing, target).end(f"end_{target}")
    return drawing


@pytest.mark.parametrize(("given", "way"), [("yes", "first"), ("later", "second"), ("no", "third")])
def test_the_first_true_condition_in_the_order_of_the_file_decides(given: str, way: str) -> None:
    assert choice().completes("ask", choice=given).open == [way]


def test_an_unanswered_question_takes_the_default_flow() -> None:
    assert choice().completes("ask").open == ["third"]


def test_a_task_whose_group_is_unknown_stays_as_an_incident_and_can_be_tried_again() -> None:
    drawing = work(desk(), "ask").user("next", "次のやること", form="F1#ask", groups="=F1.note").end()
    play = Play(drawing).start().completes("ask")
    assert play.state.status == "incident" and play.standing == ["next"]
    (raised,) = play.happened(events.IncidentRaised)
    assert raised.element == "p:next" and "「次のやること」の担当が決まりません" in raised.reason
    play.latest["F1"] = {"note": "kakari"}
    play.retries()
    assert play.state.status == "open" and play.open == ["next"]


def test_an_incident_on_one_branch_leaves_the_other_alone() -> None:
    drawing = desk().parallel("fork").to("b").user("a", "a", form="F1#ask", groups="=F1.note").end("end_a")
    drawing._here = None
    play = Play(work(drawing, "b").end("end_b")).start()
    assert play.state.status == "incident" and play.open == ["b"]
    play.completes("b", note="kakari")
    assert play.state.status == "incident"
    assert play.retries().open == ["a"]


def test_retry_without_an_incident_is_refused() -> None:
    with pytest.raises(NotWaiting):
        Play(work(desk(), "ask").end()).start().does(Retry())


def test_a_parallel_join_waits_for_every_branch() -> None:
    play = Play(forked()).start()
    assert play.open == ["a", "b"]
    assert play.completes("a").open == ["b"]
    assert play.completes("b").open == ["after"]


def forked() -> Drawing:
    drawing = desk().parallel("fork").to("b")
    work(drawing, "a").parallel("join")
    drawing._here = None
    work(drawing, "b").to("join")
    return work(drawing.at("join"), "after").end()


def looped() -> Drawing:
    """Two branches inside a loop: done again as long as the answer says so."""
    drawing = desk().milestone("again").parallel("fork").to("b")
    work(drawing, "a").parallel("join")
    drawing._here = None
    work(drawing, "b").to("join")
    work(drawing.at("join"), "check").xor("q").when("again", 'F1.choice = "later"').otherwise("done")
    return drawing.end("done")


@pytest.mark.parametrize("orders", [("ab", "ba", "ab"), ("ba", "ba", "ab"), ("ab", "ab", "ab")])
def test_a_join_reached_again_in_a_loop_waits_for_both_branches_each_time(orders: tuple[str, ...]) -> None:
    play = Play(looped()).start()
    for order in orders:
        first, second = order
        assert play.completes(first).open == [second]
        assert play.completes(second).open == ["check"]
        play.completes("check", choice="later")
    assert play.open == ["a", "b"]


def test_a_surplus_token_waits_for_its_partner_of_the_next_round() -> None:
    drawing = desk().parallel("fork").to("b").to("c")
    work(drawing, "a").xor("merge").parallel("join")
    drawing._here = None
    work(drawing, "b").to("merge")
    drawing._here = None
    work(drawing, "c").to("join")
    play = Play(work(drawing.at("join"), "after").end()).start()
    play.completes("a").completes("b")
    assert play.standing.count("join") == 2
    play.completes("c")
    assert play.open == ["after"] and play.standing.count("join") == 1


def test_an_instance_ends_only_when_its_forked_branch_has_ended_too() -> None:
    drawing = desk().parallel("fork").to("b")
    work(drawing, "a").end("end_a")
    drawing._here = None
    work(drawing, "b").end("end_b")
    play = Play(drawing).start().completes("a")
    assert not play.ended and play.open == ["b"]
    assert play.completes("b").ended


def test_an_open_loop_has_no_limit_of_rounds() -> None:
    play = Play(looped()).start()
    size = None
    for _ in range(400):
        play.completes("a").completes("b").completes("check", choice="later")
        now = len(play.state.tokens)
        assert size in (None, now)
        size = now
    assert play.completes("a").completes("b").completes("check", choice="no").ended


def test_a_loop_without_a_person_in_it_becomes_an_incident_that_names_it() -> None:
    drawing = work(desk(), "ask").milestone("round").xor("q").when("round", 'F1.choice = "later"').otherwise("done").end("done")
    play = Play(drawing).start().completes("ask", choice="later")
    assert play.state.status == "incident"
    (raised,) = play.happened(events.IncidentRaised)
    assert raised.element in ("p:round", "p:q")
    assert "「round」→「q」をくり返しています" in raised.reason or "「q」→「round」をくり返しています" in raised.reason
    play.latest["F1"] = {"choice": "no"}
    assert play.retries().ended


# -- waits -------------------------------------------------------------------------------------------------------------
def test_a_timer_of_open_days_fires_on_its_day_and_not_before() -> None:
    play = Play(work(desk().catch("wait", timer="P10BD"), "after").end()).start()
    assert play.becomes("2026-06-12").open == []
    assert play.becomes("2026-06-15").open == ["after"]


def test_a_timer_takes_its_day_from_an_answer() -> None:
    play = Play(work(work(desk(), "ask").catch("wait", timer="=F1.on"), "after").end()).start().completes("ask", on="2026-07-01")
    assert play.task("wait").due is not None and play.task("wait").due.isoformat() == "2026-06-30T23:30:00+00:00"
    assert play.becomes("2026-07-01").open == ["after"]


def test_a_timer_without_its_day_is_an_incident_at_the_timer_and_waits_once_the_day_is_there() -> None:
    play = Play(work(work(desk(), "ask").catch("wait", timer="=F1.on"), "after").end()).start().completes("ask")
    assert play.state.status == "incident" and play.standing == ["wait"]
    play.latest["F1"] = {"on": "2026-07-01"}
    assert play.retries().state.status == "open"
    assert play.becomes("2026-07-01").open == ["after"]


def test_a_timer_does_not_fire_early_whoever_asks() -> None:
    play = Play(work(desk().catch("wait", timer="P1D"), "after").end()).start()
    with pytest.raises(NotWaiting):
        play.does(Fire(play.task("wait").id))


def test_a_message_brings_its_payload_under_the_name_that_the_diagram_gives() -> None:
    drawing = desk().catch("hear", message="reply", payload="answer").xor("q").when("yes", 'answer.result = "accepted"').otherwise("no")
    play = Play(_branches(drawing, "yes", "no"), sender()).start().receives("hear", "reply", result="accepted")
    assert play.open == ["yes"]


def sender() -> Drawing:
    return process("sender").start().throw("say", "reply", payload={"result": '="accepted"'}).end()


def test_a_message_of_another_name_is_refused() -> None:
    play = Play(work(desk().catch("hear", message="reply"), "after").end(), sender()).start()
    with pytest.raises(NotWaiting):
        play.does(Deliver(play.task("hear").id, "other"))


def test_a_thrown_message_says_what_it_carries() -> None:
    receiver = process("p").start().catch("hear", message="reply").end()
    play = Play(sender(), receiver).start()
    (thrown,) = play.happened(events.MessageThrown)
    assert (thrown.name, thrown.payload, thrown.element) == ("reply", {"result": "accepted"}, "sender:say")


def raced(timer: str = "P2BD", other: str = "P5BD") -> Drawing:
    drawing = desk().race("race").to("soon").to("late")
    drawing.catch("hear", message="reply").milestone("heard")
    work(drawing, "answered").end("end_a")
    for id, moment in (("soon", timer), ("late", other)):
        drawing._here = None
        work(drawing.catch(id, timer=moment), f"after_{id}").end(f"end_{id}")
    return drawing


def test_after_an_event_gateway_the_first_event_calls_off_the_others() -> None:
    play = Play(raced(), sender()).start()
    assert play.standing == ["hear", "late", "soon"]
    play.receives("hear", "reply")
    assert play.standing == ["answered"]
    assert len(play.happened(events.TimerDisarmed)) == 2


def test_two_timers_after_one_event_gateway_each_have_their_own_moment() -> None:
    play = Play(raced("P5BD", "P2BD"), sender()).start().becomes("2026-06-03")
    assert play.open == ["after_late"]
    assert play.becomes("2026-06-30").open == ["after_late"]


# -- boundary events ---------------------------------------------------------------------------------------------------
def watched() -> Drawing:
    drawing = work(desk(), "ask").end("in_time").boundary("late", "ask", timer="P5BD")
    return work(drawing, "chase").end("too_late")


def test_an_interrupting_timer_takes_the_task_away_and_goes_on() -> None:
    play = Play(watched()).start().becomes("2026-06-08")
    assert play.open == ["chase"]
    (withdrawn,) = play.happened(events.TaskWithdrawn)
    assert (withdrawn.element, withdrawn.because) == ("p:ask", "p:late")


def test_a_task_done_in_time_disarms_its_timer() -> None:
    play = Play(watched()).start().completes("ask")
    assert play.ended and len(play.happened(events.TimerDisarmed)) == 1


def called() -> tuple[Drawing, Drawing]:
    outer = desk().call("plan", "planning", gives={"purpose": '="plan"'}).end("planned").boundary("lost", "plan", signal="consent_lost")
    work(outer, "instead").end("gone")
    planning = process("planning").start("p_begin").parallel("p_fork").to("draft2")
    work(planning, "draft").parallel("p_join").end("p_end")
    planning._here = None
    work(planning, "draft2").to("p_join")
    return outer, planning


def test_a_signal_on_a_called_process_takes_away_everything_inside() -> None:
    play = Play(*called()).start()
    assert play.open == ["draft", "draft2"]
    play.hears("consent_lost")
    assert play.open == ["instead"] and play.standing == ["instead"]
    assert {each.because for each in play.happened(events.TaskWithdrawn)} == {"p:lost"}


def test_a_signal_that_nobody_waits_for_is_refused_and_not_kept() -> None:
    play = Play(*called()).start().completes("draft").completes("draft2")
    assert play.ended
    with pytest.raises(NotWaiting):
        play.hears("consent_lost")


# -- scopes ------------------------------------------------------------------------------------------------------------
def test_a_called_process_reads_its_inputs_and_returns_to_its_caller() -> None:
    outer = work(desk().call("meet", "meeting", gives={"purpose": '="closing"'}), "after").end()
    meeting = process("meeting").start("m_begin").xor("m_q").when("m_close", 'purpose = "closing"').otherwise("m_plan")
    for id in ("m_close", "m_plan"):
        meeting._here = None
        work(meeting, id).end(f"end_{id}")
    play = Play(outer, meeting).start()
    assert play.open == ["m_close"]
    assert play.completes("m_close").open == ["after"]


def test_a_called_process_is_fresh_each_time() -> None:
    outer = desk().milestone("again").call("meet", "meeting").xor("q").when("again", 'F1.choice = "later"').otherwise("done").end("done")
    meeting = process("meeting").start("m_begin").parallel("m_fork").to("m_b")
    work(meeting, "m_a").parallel("m_join").end("m_end")
    meeting._here = None
    work(meeting, "m_b").to("m_join")
    play = Play(outer, meeting).start()
    for first, second in (("m_a", "m_b"), ("m_b", "m_a")):
        play.completes(first)
        assert play.open == [second]
        play.completes(second, choice="later")
    assert play.open == ["m_a", "m_b"]


def test_an_embedded_subprocess_is_left_when_all_inside_is_done() -> None:
    body = inside("sub").start("s_begin").parallel("s_fork").to("s_b")
    work(body, "s_a").end("s_end_a")
    body._here = None
    work(body, "s_b").end("s_end_b")
    play = Play(work(desk().sub(body), "after").end()).start()
    assert play.completes("s_b").open == ["s_a"]
    assert play.completes("s_a").open == ["after"]


# -- rounds ------------------------------------------------------------------------------------------------------------
def asking(collection: str = "=F1.roles[ask = true]", sequential: bool = False, until: str | None = None) -> Drawing:
    """Each agency of the form is asked, with a timer on its task; then the answers decide."""
    body = inside("round")
    body.start("r_begin").user("answer", "答える", form="F2", groups="=role.org").end("r_end").boundary("r_late", "answer", timer="P7BD")
    body.user("phone", "電話で聞く", form="F2", groups="kakari").to("r_end")
    drawing = work(desk(), "draft").sub(body, loop=loop(collection, "role", sequential=sequential, until=until))
    drawing.xor("q").when("explain", 'every a in answers("F2") satisfies a.answer = "accepted"').otherwise("draft")
    drawing._here = None
    return work(drawing, "explain").end()


ROLES = [{"org": "a", "ask": True}, {"org": "b", "ask": True}, {"org": "c", "ask": False}]


def test_every_agency_that_is_to_be_asked_has_its_own_task_and_group() -> None:
    play = Play(asking()).start().completes("draft", roles=ROLES)
    assert play.open == ["answer", "answer"]
    opened = [each for each in play.happened(events.TaskOpened) if each.element == "p:answer"]
    assert [each.groups for each in opened] == [("a",), ("b",)]
    assert [each.item["org"] for each in opened] == ["a", "b"]


def test_the_answers_of_one_activation_decide_together() -> None:
    play = Play(asking()).start().completes("draft", roles=ROLES)
    assert play.completes("answer", answer="accepted").open == ["answer"]
    assert play.completes("answer", answer="accepted").open == ["explain"]


def test_rounds_entered_again_ask_again_and_read_only_the_new_answers() -> None:
    play = Play(asking()).start().completes("draft", roles=ROLES)
    play.completes("answer", answer="refused").completes("answer", answer="accepted")
    assert play.open == ["draft"]
    play.completes("draft", roles=[{"org": "b", "ask": True}])
    assert play.open == ["answer"]
    assert play.completes("answer", answer="accepted").open == ["explain"]


def test_rounds_over_nothing_are_done_at_once_and_have_no_answers() -> None:
    play = Play(asking()).start().completes("draft", roles=ROLES)
    play.completes("answer", answer="refused").completes("answer", answer="refused")
    assert play.completes("draft", roles=[]).open == ["explain"]


def test_a_late_round_moves_to_another_person_without_touching_the_others() -> None:
    play = Play(asking()).start().completes("draft", roles=ROLES).completes("answer", answer="accepted").becomes("2026-06-10")
    assert play.open == ["phone"]
    assert play.completes("phone", answer="accepted").open == ["explain"]


def test_fifty_rounds_end_when_the_fiftieth_is_done() -> None:
    many = [{"org": f"org{n}", "ask": True} for n in range(50)]
    play = Play(asking()).start().completes("draft", roles=many)
    for left in range(50, 0, -1):
        assert len(play.open) == left
        play.completes("answer", answer="accepted")
    assert play.open == ["explain"]


def follow_up(until: str | None = 'F2.answer = "refused"') -> Drawing:
    body = inside("rounds").start("r_begin").catch("wait", timer="=months(month, today)")
    work(body, "check", form="F2").end("r_end")
    return work(desk().sub(body, loop=loop("=settings.months", "month", sequential=True, until=until)), "after").end()


def test_sequential_rounds_come_one_after_another() -> None:
    play = Play(follow_up()).start()
    for day in ("2026-07-01", "2026-10-01", "2027-04-01"):
        assert play.becomes(day).open == ["check"]
        play.completes("check", answer="accepted")
    assert play.open == ["after"]


def test_sequential_rounds_stop_when_it_is_enough() -> None:
    play = Play(follow_up()).start().becomes("2026-07-01").completes("check", answer="refused")
    assert play.open == ["after"]


def test_parallel_rounds_that_are_enough_withdraw_the_rest() -> None:
    play = Play(asking(until='F2.answer = "refused"')).start().completes("draft", roles=ROLES).completes("answer", answer="refused")
    assert play.open == ["draft"]
    assert len(play.happened(events.TaskWithdrawn)) == 1


# -- phases ------------------------------------------------------------------------------------------------------------
def test_a_phase_is_set_when_the_token_enters() -> None:
    drawing = work(work(desk(), "one", phase="case:received"), "two", phase="case:in_support coordination:accepted").end()
    play = Play(drawing).start()
    assert play.state.phases == {"case": "received"}
    assert play.completes("one").state.phases == {"case": "in_support", "coordination": "accepted"}
