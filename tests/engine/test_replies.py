"""What the one who asked is told when a request comes back."""

from households import Town

from engine import replies

pytest_plugins = ("households",)


def test_the_reason_of_a_returned_request_reaches_the_task_that_it_opens(requesting_town: Town) -> None:
    """The counter's manager reads why, without reading the other's form."""
    story = requesting_town.rehearsal("requested")
    story.answers("えしこにの長", "受理会議で受け止め方を決める", [
        ("困っているのはだれか", "支援者"), ("受け止め方", "単独の機関で対応"), ("理由", "担当の課が決まっている。"),
        ("助言・次にすること", "障がい者支援課へ。"), ("リスク", "低"),
    ])  # fmt: skip
    (task,) = story.open_tasks("地域包括支援センターのマネージャー", "マネージャーが協議して決める")
    with requesting_town.city.store.reading() as c:
        said = replies.to_task(c, requesting_town.city, task)
    assert [(each.title, each.text) for each in said] == [("理由", "担当の課が決まっている。"), ("助言・次にすること", "障がい者支援課へ。")]


def test_a_task_that_no_reply_opened_has_none(requesting_town: Town) -> None:
    story = requesting_town.rehearsal("requested")
    (task,) = story.open_tasks("えしこにの長", "受理会議で受け止め方を決める")
    with requesting_town.city.store.reading() as c:
        assert replies.to_task(c, requesting_town.city, task) == []
