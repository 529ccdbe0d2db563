"""The page of one やること: what is refused and what is kept, drafts, who has it in hand, what comes next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sheets import Paper, errors, same
from visits import Visitor, screens_of

from engine import store
from engine.city import City
from engine.people import Person

if TYPE_CHECKING:
    from households import Town

pytest_plugins = ("households",)

CHECKED = (
    "本人の意向が書かれている", "世帯全員に触れている", "課題ごとに担当と期限がある", "主担当が1つに決まり、引き受けている",
    "緊急時の手順がある", "次の見直し日がある", "足りない資源を記録した", "共有の範囲が同意の内にある",
)  # fmt: skip
CONSENT, TRIAGE = "同意を確かめて記録する", "振り分けを判断する"


@pytest.fixture
def city(town: Town) -> City:
    return town.city


class Counter:
    """A town at its screens; as a fixture somebody was just received, and the first task is to record the consent."""

    def __init__(self, town: Town, app: Flask) -> None:
        self.town, self.app = town, app

    def of(self, who: str | Person) -> Visitor:
        visitor = self.app.test_client()
        assert isinstance(visitor, Visitor)
        return visitor.signed_in_as(self.town.person(who) if isinstance(who, str) else who)

    def path(self, task: str = CONSENT, name: str = "new") -> str:
        return f"/tasks/{self.town.task(name, task)}"

    def paper(self, who: str | Person = "市民税課", task: str = CONSENT) -> Paper:
        return Paper.at(self.of(who), self.path(task))

    def rows(self, table: sa.Table, *where: sa.ColumnElement[bool]) -> list[Any]:
        with self.town.city.store.reading() as c:
            return list(c.execute(sa.select(table).where(*where).order_by(*table.primary_key.columns)))

    def completions(self) -> int:
        case = self.town.cases["new"]
        return len(self.rows(store.event, store.event.c.case == case, store.event.c.kind == "TaskCompleted"))


@pytest.fixture
def counter(town: Town, app: Flask) -> Counter:
    town.receives("市民税課", "続柄・立場=本人／氏=星空／名=ひかり")
    return Counter(town, app)


FILLED = {"answer": "agreed", "steps": ["continue"], "method": "signed", "scope_orgs-0-org": None}


def filled(paper: Paper, **more: Any) -> Paper:
    return paper.types({"persons": paper.offers("persons")[:1], **FILLED, **more})


# -- what is refused ----------------------------------------------------------------------------------------------------
def test_a_missing_field_is_named_and_everything_typed_stays(counter: Counter) -> None:
    paper = counter.paper()
    answer = filled(paper, answer=None, excluded="町内会には言わないでほしい").presses()
    assert answer.status_code == 422
    assert any("「答え」" in each for each in errors(answer))
    assert paper.again(answer).data["excluded"] == "町内会には言わないでほしい"
    assert counter.completions() == 1  # the reception alone


@pytest.mark.parametrize(
    ("day", "said"),
    [
        (("平成", "31", "5", "1"), "令和元年5月1日"), (("令和", "8", "2", "30"), "日"), (("西暦", "2026", "13", "1"), "月"),
        (("令和", "八", "五", "一"), "数字"),
    ],
)  # fmt: skip
def test_an_impossible_day_is_refused_at_its_field_with_what_was_typed(counter: Counter, day: tuple[str, ...], said: str) -> None:
    paper = counter.paper()
    typed = dict(zip(("explained_on-era", "explained_on-y", "explained_on-m", "explained_on-d"), day, strict=True))
    answer = filled(paper, **typed).presses()
    assert answer.status_code == 422
    assert any(said in each for each in errors(answer)), errors(answer)
    came_back = paper.again(answer).data
    assert {name: came_back[name] for name in typed} == typed
    assert counter.completions() == 1


@pytest.mark.parametrize("more", [{"hack": "1"}, {"answer": "maybe"}, {"steps": ["continue", "everything"]}, {"persons": ["999999"]},
                                  {"explained_by": "999"}])  # fmt: skip
def test_what_the_page_does_not_offer_is_refused_loudly(counter: Counter, more: dict[str, Any]) -> None:
    answer = filled(counter.paper(), **more).presses()
    assert answer.status_code == 422 and errors(answer)
    assert counter.completions() == 1


def test_a_megabyte_of_text_is_refused_and_given_back(counter: Counter) -> None:
    paper = counter.paper()
    answer = filled(paper, excluded="あ" * 350_000).presses()
    assert answer.status_code == 422
    assert any("4,000" in each or "200" in each for each in errors(answer)), errors(answer)
    assert len(paper.again(answer).data["excluded"]) == 350_000
    assert counter.completions() == 1


# -- what is kept -------------------------------------------------------------------------------------------------------
def test_rows_are_added_and_taken_away_without_javascript(counter: Counter) -> None:
    def agencies(page: Paper) -> list[str]:
        return [name for name in page.form.fields if name.startswith("scope_orgs-") and name.endswith("-org")]

    paper = filled(counter.paper(), excluded="書きかけ")
    before = len(agencies(paper))
    more = paper.again(paper.presses("add:scope_orgs"))
    assert len(agencies(more)) == before + 1 and more.data["excluded"] == "書きかけ" and more.data["answer"] == "agreed"
    twice = more.again(more.types({agencies(more)[-1]: "fukushi"}).presses("add:scope_orgs"))
    assert len(agencies(twice)) == before + 2 and twice.data[agencies(twice)[before]] == "fukushi"
    fewer = twice.again(twice.presses(f"remove:scope_orgs:{before}"))
    assert len(agencies(fewer)) == before + 1 and "fukushi" not in [fewer.data.get(name) for name in agencies(fewer)]
    assert counter.completions() == 1


def test_a_draft_is_kept_shown_again_and_forgotten(counter: Counter) -> None:
    paper = counter.paper()
    answer = filled(paper, excluded="続きはあとで").presses("save")
    assert (answer.status_code, answer.location) == (303, "/")
    assert "下書きを保存しました。" in paper.visitor.get("/").text
    assert counter.paper().data["excluded"] == "続きはあとで"
    assert "続きはあとで" not in counter.of(counter.town.joins("tonari", "架空 となり", "zeimu")).get(counter.path()).text
    assert counter.paper().presses("forget").status_code == 303
    assert "続きはあとで" not in counter.of("市民税課").get(counter.path()).text


def test_a_draft_saved_while_typing_is_there_and_gone_when_the_task_is_done(counter: Counter) -> None:
    paper = filled(counter.paper(), excluded="打ちかけ")
    saved = paper.visitor.post(counter.path() + "/draft", data=paper.data)
    assert saved.status_code == 200 and saved.json["saved_at"]
    again = counter.paper()
    assert again.data["excluded"] == "打ちかけ"
    assert filled(again).presses().status_code == 303
    assert counter.rows(store.form_draft) == []


def test_a_stale_page_says_who_was_first_and_keeps_everything_typed(counter: Counter) -> None:
    colleague = counter.town.joins("hayai", "架空 早井", "zeimu")
    late = filled(counter.paper(), excluded="遅れて書いたこと")
    assert filled(counter.paper(colleague)).presses().status_code == 303
    answer = late.presses()
    assert answer.status_code == 409
    assert "架空 早井" in answer.text and "遅れて書いたこと" in answer.text and "登録されていません" in answer.text
    assert counter.completions() == 2
    assert counter.rows(store.answer, store.answer.c.form == "F05")[-1].by == colleague.id


def test_a_page_opened_before_somebody_else_took_the_task_changes_nothing_and_keeps_everything_typed(counter: Counter) -> None:
    colleague = counter.town.joins("tonari", "架空 となり", "zeimu")
    late = filled(counter.paper(), excluded="遅れて書いたこと")
    assert counter.of(colleague).sends(counter.path() + "/claim").status_code == 303
    answer = late.presses()
    assert answer.status_code == 409
    assert "架空 となりさんが受け持っています" in answer.text and "遅れて書いたこと" in answer.text
    assert not counter.rows(store.answer, store.answer.c.form == "F05", store.answer.c.case == counter.town.cases["new"])
    assert counter.of(colleague).sends(counter.path() + "/give-back").status_code == 303
    assert counter.paper().data["excluded"] == "遅れて書いたこと"  # as a draft


def test_pressing_twice_does_it_once(counter: Counter) -> None:
    paper = filled(counter.paper())
    first, second = paper.presses(), paper.presses()
    assert first.status_code == 303 and second.status_code in (303, 409)
    assert counter.completions() == 2


def test_the_next_task_of_the_case_that_is_mine_comes_next(counter: Counter) -> None:
    answer = filled(counter.paper()).presses()
    assert answer.status_code == 303 and answer.location == counter.path(TRIAGE)
    page = counter.of("市民税課").get("/").text
    assert TRIAGE in page and CONSENT not in page


def test_a_consent_is_asked_only_once_somebody_is_written_down(counter: Counter) -> None:
    counter.town.receives("市民税課", name="nobody")
    path, me = counter.path(name="nobody"), counter.of("市民税課")
    assert "まだ世帯の人が書かれていません" in me.get(path).text
    people = f"/cases/{counter.town.number('nobody')}/people?then={path}"
    assert f'href="{people}"' in me.get(path).text
    answer = Paper.at(me, people).types({"persons-0-role": "本人", "persons-0-familyName": "星空"}).presses()
    assert (answer.status_code, answer.location) == (303, path)
    assert filled(Paper.at(me, path)).presses().status_code == 303


# -- who has it in hand -------------------------------------------------------------------------------------------------
def test_a_task_is_claimed_given_back_and_reassigned_by_the_head(counter: Counter) -> None:
    colleague = counter.town.joins("tonari", "架空 となり", "zeimu")
    me, path = counter.town.person("市民税課"), counter.path()
    task = counter.town.task("new", CONSENT)

    def assignee() -> int | None:
        return counter.rows(store.task, store.task.c.id == task)[0].assignee

    if assignee() is not None:
        assert counter.of("市民税課").sends(path + "/give-back").status_code == 303
    assert assignee() is None
    assert counter.of(colleague).sends(path + "/claim").location == path and assignee() == colleague.id
    refused = counter.of("市民税課").sends(path + "/claim")
    assert refused.status_code == 409 and "架空 となりさんが受け持っています" in refused.text
    assert counter.of("市民税課").sends(path + "/give-back").status_code == 404
    assert counter.of("市民税課").sends(path + "/reassign", {"to": str(me.id)}).status_code == 404
    head = counter.of("市民税課の長")
    assert head.sends(path + "/reassign", {"to": str(me.id)}).status_code == 303 and assignee() == me.id
    outsider = counter.town.joins("soto", "架空 外", "fukushi")
    assert head.sends(path + "/reassign", {"to": str(outsider.id)}).status_code in (400, 409, 422) and assignee() == me.id
    kinds = [row.kind for row in counter.rows(store.event, store.event.c.task == task)]
    assert kinds[-3:] == ["TaskGivenBack", "TaskClaimed", "TaskReassigned"] or kinds[-2:] == ["TaskClaimed", "TaskReassigned"]


def test_a_task_of_another_office_looks_like_one_that_is_not_there(counter: Counter) -> None:
    other = counter.of("福祉課")
    hidden, missing = other.get(counter.path()), other.get("/tasks/9-9-9")
    assert hidden.status_code == missing.status_code == 404
    assert same(hidden) == same(missing)
    for act in ("claim", "give-back", "reassign", "complete", "draft"):
        assert other.sends(f"{counter.path()}/{act}").status_code == 404, act


def test_whoever_drafted_a_decision_does_not_decide(town: Town, app: Flask) -> None:
    town.rehearsal("on_the_agenda").answers("えしこに", "会議でのプランの結論を記録する", [
        ("確かめたこと", "／".join(CHECKED)),
        ("プランの結論", "適切(了承)"),
    ])  # fmt: skip
    both = town.joins("ryou", "架空 両", "fukushi_seisaku", "fukushi_seisaku.head")
    counter = Counter(town, app)
    drafts = Paper.at(counter.of(both), counter.path("支援決定を起案する", "on_the_agenda"))
    assert drafts.presses().status_code == 303
    path = counter.path("支援を決定する", "on_the_agenda")
    page = counter.of(both).get(path)  # a head may hand it to somebody else, but not do it
    assert page.status_code == 200 and path + "/complete" not in page.text and path + "/claim" not in page.text
    assert counter.of(both).sends(path + "/claim").status_code == 404
    assert counter.of(both).sends(path + "/complete", {"do": "complete", "decision": "decided"}).status_code in (404, 422)
    assert counter.rows(store.answer, store.answer.c.form == "F12", store.answer.c.part == "decide") == []
    assert path not in counter.of(both).get("/").text
    assert counter.of("福祉政策課の長").get(path).status_code == 200




def test_a_stale_page_keeps_also_what_could_not_be_read(counter: Counter) -> None:
    late = filled(counter.paper(), **{"explained_on-era": "平成", "explained_on-y": "31", "explained_on-m": "5", "explained_on-d": "1"})
    assert filled(counter.paper(counter.town.joins("hayai", "架空 早井", "zeimu"))).presses().status_code == 303
    answer = late.presses()
    assert answer.status_code == 409
    assert "平成31年5月1日" in answer.text


# -- what the answer changes --------------------------------------------------------------------------------------------
def test_a_consent_leads_on_in_the_very_step_in_which_it_is_given(requesting_town: Town) -> None:
    """The page has read that nobody agrees; the answer that comes from it says that somebody does, and the diagram believes it."""
    town, said = requesting_town, "説明し、同意を確かめる"
    story = town.rehearsal("requested")
    story.records_called("えしこに", "撤回", [("だれの撤回か", "母"), ("撤回の範囲", "すべて")])
    accepted = [("困っているのはだれか", "複数"), ("受け止め方", "受理"), ("理由", "架空の理由。"), ("リスク", "中")]
    story.answers("えしこにの長", "受理会議で受け止め方を決める", accepted)
    counter = Counter(town, screens_of(town.city))
    paper = Paper.at(counter.of("えしこに"), counter.path(said, "requested"))
    answer = filled(paper, steps=["continue", "share"], more=None).presses()
    assert answer.status_code == 303, errors(answer)
    open_now = {row.name for row in counter.rows(store.task, store.task.c.case == town.cases["requested"], store.task.c.status == "open")}
    assert "面談し、状況を聞き取る" in open_now and "支援会議の手続へ引き継ぐ" not in open_now
