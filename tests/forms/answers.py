"""One fictional household's answers, a valid one for every part of every form, for any test that needs some.

They are plain data as the product stores it: dates in ISO 8601, codes, ids of `processes/organisation.toml`, persons by
their number in the case. Nobody and nothing in them exists.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

SCHEMAS = Path(__file__).parent.parent.parent / "forms" / "schemas"

Answer = dict[str, Any]

MOTHER, SON = "1", "2"
WORKER, NURSE, HEAD = "harukaze", "nijibashi", "hoshimi"


def sample(form: str, part: str | None = None) -> Answer:
    """A valid whole answer after that part: earlier parts carried over, system fields filled.

    A form of one part needs no name. Raises KeyError for a part that the form does not have.
    """
    name = part or _only_part(form)
    answer: Answer = {}
    for each in (*BEFORE.get((form, name), ()), name):
        answer = changed(answer, **ANSWERS[form][each])
    return answer


def typed(form: str, part: str | None = None) -> Answer:
    """The same, but only what a person writes in that part: no other part, no system field, no system column."""
    name = part or _only_part(form)
    answer = sample(form, name)
    found = {}
    for field, schema in _properties(form).items():
        here = {**schema, **schema.get("x-in", {}).get(name, {})}
        if field in answer and name in schema["x-part"] and not here.get("x-auto"):
            found[field] = _typed_rows(schema, answer[field])
    return found


def changed(answer: Mapping[str, Any], /, **changes: Any) -> Answer:
    """A copy with other values; None takes a field out."""
    return copy.deepcopy({name: value for name, value in {**answer, **changes}.items() if value is not None})


def _typed_rows(schema: Mapping[str, Any], value: Any) -> Any:
    columns = schema.get("items", {}).get("properties")
    if columns is None:
        return value
    return [{name: cell for name, cell in row.items() if not columns[name].get("x-auto")} for row in value]


def _only_part(form: str) -> str:
    (part,) = ANSWERS[form]
    return part


@cache
def _properties(form: str) -> Mapping[str, Any]:
    schema = json.loads((SCHEMAS / f"{form}.json").read_text(encoding="utf-8"))
    properties: Mapping[str, Any] = schema["properties"]
    return properties


BEFORE: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("F01", "triage"): ("receive",),
    ("F01", "consult"): ("receive", "triage"),
    ("F01", "own"): ("receive", "triage", "consult"),
    ("F01", "stop"): ("receive", "triage"),
    ("F01", "close"): ("receive", "triage", "consult", "own"),
    ("F02", "household"): ("interview",),
    ("F03", "ack"): ("send",),
    ("F03", "condition"): ("send", "ack"),
    ("F03", "settle"): ("send", "ack", "condition"),
    ("F03", "provisional"): ("send", "ack", "condition", "settle"),
    ("F03", "result"): ("send", "ack", "condition"),
    ("F04", "place"): ("screening",),
    ("F10", "roles"): ("draft",),
    ("F10", "heads"): ("draft", "roles"),
    ("F10", "agree"): ("draft",),
    ("F10", "amend"): ("draft", "agree"),
    ("F11", "plan"): ("agenda",),
    ("F11", "closing"): ("agenda",),
    ("F12", "decide"): ("draft",),
    ("F12", "notify"): ("draft", "decide"),
    ("F15e", "final"): ("eval",),
    ("F16", "accept"): ("give",),
    ("F06", "convene"): ("request",),
    ("F06", "move"): ("request", "convene"),
    ("F06", "next"): ("request", "convene"),
    ("F08", "record"): ("prepare",),
    ("F08", "close"): ("prepare", "record"),
    ("F08", "emergency"): ("prepare", "record", "close"),
    ("F08", "review"): ("prepare", "record", "close"),
    ("F08", "finish"): ("prepare", "record", "close"),
    ("F08", "place"): ("prepare", "record", "close", "finish"),
}
"""The parts that were answered on the way to a part."""

PLAN: Answer = {
    "plan_no": "2026-00042-1",
    "version": 1,
    "kind": "initial",
    "authored_on": "2026-04-21",
    "authored_by": WORKER,
    "goal_long": "母と長男が、家で落ち着いて暮らす。",
    "goal_plan": "受診、家計の見直し、長男の日中の居場所。",
    "person_words": "「この家で暮らしたい」",
    "issues": [
        {"no": 1, "person": MOTHER, "what": "介護", "priority": "high"},
        {"no": 2, "person": MOTHER, "what": "家計", "priority": "middle"},
        {"no": 3, "person": SON, "what": "日中の居場所"},
    ],
    "actions": [
        {"issue_no": 1, "org": "kyotaku", "what": "サービスの調整", "due_on": "2026-09-30", "frequency": "毎週"},
        {"issue_no": 2, "org": "jiritsu", "who": "架空 一郎", "what": "家計相談", "due_on": "2026-09-30"},
        {"issue_no": 3, "org": "sanka", "what": "古本の整理", "from_on": "2026-05-18", "due_on": "2026-09-30"},
    ],
    "roles": [
        {"org": "kyotaku", "role": "介護", "ask": True},
        {"org": "jiritsu", "user": "架空 一郎", "role": "家計", "ask": True},
        {"org": "sanka", "role": "参加", "ask": True},
        {"org": "esikoni", "role": "調整", "ask": False},
    ],
    "person_actions": [{"what": "毎朝カーテンをあける"}],
    "informal": [{"what": "デイサービスの友人"}],
    "lead_org": "esikoni",
    "lead_user": WORKER,
    "use_outreach": False,
    "use_participation": True,
    "services": ["care_insurance", "place"],
    "emergency_plan": "えしこに、地域包括の順に電話する。",
    "resource_gaps": [{"what": "男性の日中の居場所"}],
    "term_from": "2026-05-18",
    "term_to": "2026-11-18",
    "review_on": "2026-06-18",
    "info_scope": "母：①②③ 居宅介護支援事業所、自立相談支援機関(令和9年4月9日まで)",
}

HOUSEHOLD: list[Answer] = [
    {
        "id": MOTHER,
        "familyName": "星空",
        "givenName": "ゆらぎ",
        "familyNameKana": "ホシゾラ",
        "givenNameKana": "ユラギ",
        "role": "母",
        "sex": "female",
        "birthDate": "1944-05-03",
        "ageApprox": "a80",
        "address": "みなも市架空町1丁目",
        "resident_register": "in_city",
        "language": "日本語",
        "status_tags": ["care"],
    },
    {
        "id": SON,
        "familyName": "星空",
        "role": "長男",
        "ageApprox": "a50",
        "safe_contact": "平日の午後、母を通して。",
        "confidential": ["other"],
        "support_needs": ["breaks"],
        "language": "日本語",
    },
]

ANSWERS: Mapping[str, Mapping[str, Answer]] = {
    "F00": {
        "answer": {
            "procedure": "支援会議の手続へ引き継ぐ",
            "taken": "taken",
            "taken_by": "福祉政策課 架空 二郎",
            "note": "事務局に電話で伝え、引き受けを確かめた。",
        },
    },
    "F01": {
        "receive": {
            "received_at": "2026-04-06T09:30:00+09:00",
            "received_by": WORKER,
            "received_org": "houkatsu",
            "channel": "phone",
            "route": "family",
            "caller_name": "星空 みちる",
            "caller_phone": "000-0000-0000",
            "caller_relation": "長女",
            "caller_hidden": True,
            "anonymous": False,
            "person_aware": "unaware",
            "persons": HOUSEHOLD,
            "household_size": 2,
            "other_agencies": [
                {"org": "kyotaku", "contact": "架空 三郎", "what": "ケアプラン"},
                {"org": "kenko"},
            ],
            "troubles": ["care", "withdrawal", "income"],
            "main_trouble": "care",
            "narrative": "母が転んだ。弟は部屋から出ない。",
            "wish": "家で暮らしたい。",
            "strengths": "長女が週1回、買い物を届けている。",
            "past_consult": "10年ほど前から。",
            "emergency": ["none"],
            "deadlines": [{"what": "退院", "on": "2026-04-30"}],
            "consent_state": "not_contacted",
            "person_status": "reachable",
            "solvable_by": "several",
            "need_level": "middle",
            "stuck": ["gap"],
            "domain_count": 3,
            "agency_count": 2,
        },
        "triage": {
            "consent_state": "partial",
            "triage": "connect",
            "triage_reason": "家計の相談で、母の同意がある。",
            "to_org": "jiritsu",
        },
        "consult": {
            "triage": "own",
            "triage_reason": "まず地域包括で受け止める。",
            "to_org": None,
            "provisional_org": "houkatsu",
            "consulted_with": "えしこに",
        },
        "own": {
            "progress": "continue",
            "own_note": "訪問して話を聞いた。",
            "check_on": "2026-04-20",
        },
        "stop": {
            "triage": "discontinued",
            "to_org": None,
            "stop_reason": "moved",
            "stop_decision": "close",
            "stop_note": "転出先の市に引き継いだ。",
        },
        "close": {
            "outcome": "resolved_here",
            "satisfied": "yes",
            "recontact": True,
        },
    },
    "F02": {
        "interview": {
            "past_history": "10年ほど前から。",
            "cohabiting": "yes",
            "separated_family": "長女が市内に住む。",
            "marital": "widowed",
            "children": 2,
            "housing": "owned",
            "housing_risk": ["decay", "falls"],
            "community_tie": "デイサービスの友人。",
            "health": "bad_seen",
            "hospitals": "架空医院",
            "medication": "血圧の薬。",
            "insurance": "late_elderly",
            "handbook": ["none"],
            "disability_suspect": False,
            "care_level": "c1",
            "income_self": 80000,
            "income_household": 80000,
            "benefits": ["old_pension"],
            "seiho": "none",
            "arrears": ["tax"],
            "debt": "なし",
            "money_manager": "母",
            "work": "not_working",
            "education": "high",
            "caring_for": "母が長男の食事をつくる。",
            "caregiver_burden": "middle",
            "exploitation": False,
            "decision_capacity": "enough",
            "issues": ["care", "isolation", "poverty"],
        },
        "household": {
            "family_timeline": "平成28年 長男が仕事をやめる。",
            "strengths": "長女の手助け。",
            "person_words": "「この家で暮らしたい」",
            "background": "父の死後、収入が減った。",
            "missing_info": "長男の健康。",
            "opinion_by_agency": [{"org": "kyotaku", "opinion": "母の疲れが心配。"}],
            "direction": "家計と居場所から始める。",
            "go_on": "go",
        },
    },
    "F03": {
        "send": {
            "carried": "相談方法：電話\nお困りごと：介護のこと、ひきこもりのこと、収入・生活費のこと",
            "kind": "connect",
            "to_org": "jiritsu",
            "urgency": "normal",
            "handover_style": "accompany",
            "reason": "家計の相談で足りる。",
            "request": "家計の見直し",
            "done_so_far": "訪問した。",
            "due_on": "2026-04-30",
            "consent_ref": "母：①② 自立相談支援機関(令和9年4月5日まで)",
        },
        "ack": {
            "ack": "conditional",
            "ack_reason": "月2回までなら受けられる。",
            "contact_by": "架空 一郎",
            "contact_on": "2026-04-08",
        },
        "condition": {"condition_ok": "yes", "new_lead": "jiritsu", "condition_note": "月2回でお願いする。"},
        "settle": {"settle_decision": "provisional", "settle_note": "担当の範囲を決められなかった。"},
        "provisional": {
            "kind": "coordination",
            "new_lead": "esikoni",
            "provisional_note": "まず話を聞く。",
            "result": "provisional",
        },
        "result": {"result": "declined_by_person", "result_note": "いまは要らないとのこと。"},
    },
    "F04": {
        "screening": {
            "held_on": "2026-04-10",
            "attendees": "センター長、総合相談支援員",
            "whose_problem": "several",
            "decision": "accept",
            "reason": "複数の領域にまたがる。",
            "risk": "middle",
            "provisional_lead": "esikoni",
            "info_orgs": [{"org": "kyotaku", "question": "サービスのようす"}, {"org": "kenko"}],
        },
        "place": {"placed_org": "houkatsu", "placed_note": "課長どうしで確かめた。"},
    },
    "F05": {
        "consent": {
            "persons": [MOTHER],
            "answer": "agreed",
            "explained_on": "2026-04-10",
            "explained_by": WORKER,
            "steps": ["continue", "share", "plan"],
            "scope_orgs": [{"org": "kyotaku"}, {"org": "jiritsu", "until": "2027-03-31", "what": "家計"}],
            "excluded": "近所には伝えない。",
            "special_care": [{"org": "kyotaku", "kinds": "血圧"}],
            "method": "oral",
            "written_due_on": "2026-04-24",
            "signer": "self",
            "valid_until": "2027-04-10",
            "copy_given": True,
            "original": "pending",
            "signed_copy": "1",
            "refer_conference": False,
            "more": True,
        },
        "withdraw": {
            "persons": [MOTHER],
            "withdrawn_on": "2026-08-03",
            "withdrawn_scope": "orgs",
            "withdrawn_orgs": [{"org": "jiritsu"}],
        },
    },
    "F07": {
        "answer": {
            "org": "kyotaku",
            "household_view": "要介護1。週1回デイサービス。",
            "current_work": "ケアプランの見直し",
            "want_who": [{"org": "kenko", "why": "受診のこと"}],
            "request_others": "家計のことを知りたい。",
            "our_role": "介護の調整",
            "our_view": "母の疲れが心配。",
            "can_do": "訪問の回数を増やす。",
            "cannot_do": "夜間の見守り。",
            "sources": "訪問した職員の記録。",
            "answered_by": "agency",
        },
    },
    "F10": {
        "draft": PLAN,
        "roles": {"roles_decision": "revise", "roles_note": "自立相談支援機関　条件付きで引き受ける　月2回まで"},
        "heads": {"heads_result": "自立相談が月2回、えしこにが残りを引き受ける。"},
        "agree": {
            "agreement": "agreed",
            "agreed_on": "2026-05-07",
            "agreed_by": [MOTHER, SON],
            "agree_method": "signed",
            "signed_copy": "1",
            "agree_words": "長男は月1回から。",
        },
        "amend": {**PLAN, "emergency_plan": "家族、えしこに、地域包括の順に電話する。"},
    },
    "F10R": {
        "answer": {"org": "jiritsu", "answer": "conditional", "condition": "月2回まで", "answered_by": "agency"},
    },
    "F11": {
        "agenda": {
            "meeting": "7",
            "meeting_on": "2026-05-14",
            "members": [{"org": "kyotaku", "why": "介護"}, {"org": "jiritsu"}],
            "point": "長男の居場所",
            "material_policy": "screen",
        },
        "plan": {
            "held": "met",
            "attendees": [{"org": "kyotaku", "name": "架空 三郎"}, {"org": "jiritsu"}],
            "checks": ["wish", "everyone", "due", "one_lead", "emergency", "review", "gaps"],
            "plan_result": "minor",
            "changes": "緊急連絡順に家族を加える。",
            "checks_note": "共有の範囲は、長男の同意書が届きしだい確かめる。",
            "resource_gaps": [{"what": "男性の日中の居場所", "idea": "古本の整理を広げる"}],
        },
        "closing": {
            "held": "written",
            "attendees": [{"org": "kyotaku"}],
            "closing_result": "lead_continues",
            "lead_to": "houkatsu",
            "closing_note": "地域包括が続ける。",
            "minor_reports": "令和8年9月18日　家計相談を月1回に改めた。",
        },
    },
    "F12": {
        "draft": {
            "plan_no": "2026-00042-1 第1版",
            "conditions": "見直しの日を守ること。",
            "period_from": "2026-05-18",
            "period_to": "2026-11-18",
            "document_no": "架空第1号",
            "delegation": "sole",
        },
        "decide": {
            "decision": "decided",
            "decided_on": "2026-05-20",
            "decided_by": HEAD,
            "lead_org": "esikoni",
            "review_on": "2026-06-18",
        },
        "notify": {
            "notice_to_person": "oral",
            "noticed_on": "2026-05-21",
            "notice_to_orgs": True,
            "appeal_note": "なし",
        },
    },
    "F13": {
        "note": {
            "at": "2026-05-25T14:00:00+09:00",
            "who": WORKER,
            "org": "esikoni",
            "method": "home_visit",
            "with_whom": ["person", "family"],
            "about": [MOTHER],
            "fact": "支援の始まりを伝えた。",
            "opinion": "表情が明るい。",
            "person_words": "「助かるわ」",
            "next_step": "来週また訪ねる。",
            "next_on": "2026-06-01",
            "minutes": 60,
        },
        "emergency": {
            "at": "2026-04-06T11:00:00+09:00",
            "who": NURSE,
            "org": "houkatsu",
            "method": "home_visit",
            "with_whom": ["person"],
            "fact": "2名で訪ねた。緊急性なし。",
            "notified": [{"to": "長寿社会課", "at": "2026-04-06T14:00:00+09:00", "person": "架空 四郎"}],
            "oral_approver": "課長 13時",
            "safety_confirmed_at": "2026-04-06T11:30:00+09:00",
        },
    },
    "F14": {
        "monitor": {
            "monitored_on": "2026-06-18",
            "actions_status": [
                {"action": "サービスの調整", "state": "done"},
                {"action": "家計相談", "state": "partly", "why": "体調が悪かった。"},
                {"action": "古本の整理", "state": "not_yet"},
            ],
            "changes": ["medical_start", "calm"],
            "new_issues": "なし",
            "person_feedback": "話せてよかった。",
            "decision": "minor_change",
            "decision_reason": "体調に合わせる。",
            "minor_change": "家計相談を月1回に改めた。",
            "next_on": "2026-09-18",
        },
        "followup": {
            "monitored_on": "2027-01-12",
            "changes": ["none"],
            "person_feedback": "変わりない。",
            "follow_result": "stable",
            "follow_note": "電話で話した。",
        },
    },
    "F15e": {
        "eval": {
            "plan_no": "2026-00042-1 第1版",
            "goal_result": [{"goal": "受診", "result": "reached"}, {"goal": "家計", "result": "partly"}],
            "changes": ["medical_start", "family_burden"],
            "remaining": "母の入所を考える時期。",
            "person_view": "続けたい。",
            "lead_view": "安定している。",
            "proposal": "lead_continues",
            "close_reason": "lead_continues",
            "followup_when": "3か月ごと。",
        },
        "final": {"final_reason": "lead_continues", "final_note": "母の入所を考え始めたとき。"},
    },
    "F16": {
        "give": {
            "lead_from": "esikoni",
            "closing_result": "lead_continues",
            "lead_to": "houkatsu",
            "summary": "母の入所を考える時期。",
            "open_actions": [{"what": "家計相談", "due_on": "2026-12-28"}],
            "risks": "長男の睡眠",
            "review_on": "2027-01-12",
            "re_request_condition": "母の入所を考え始めたとき。",
            "consent_ref": "母：①②③ 地域包括支援センター(令和9年4月9日まで)",
        },
        "accept": {
            "accepted": "accepted",
            "accepted_by": NURSE,
            "accepted_on": "2026-12-15",
            "new_lead": "houkatsu",
        },
    },
    "F01P": {"people": {"persons": HOUSEHOLD}},
    "F06": {
        "request": {
            "household_view": "9年、自室を出ていない。",
            "reason": "会えている機関がない。",
            "why_now": "父が倒れた。",
            "why_no_consent": "戸を開けてもらえない。",
            "wanted": "訪ねかたを一緒に考えたい。",
            "about": ["poverty"],
            "urgency": "normal",
            "suggest_orgs": [{"org": "kenko", "why": "訪問"}],
        },
        "convene": {
            "legal_basis": "社会福祉法106条の6",
            "body": "support_conference",
            "body_reason": "ほかの会議に収まらない。",
            "held_on": "2026-06-08",
            "place": "市役所の会議室",
            "members": [{"org": "kenko", "why": "訪問"}, {"org": "sanka"}],
            "material_policy": "screen",
        },
        "move": {"moved": "taken", "moved_to": "架空の事務局", "moved_note": "電話で引き継いだ。"},
        "next": {"returned_because": "ほかの会議に収まらない。", "next_step": "end", "kept_by": "esikoni", "next_note": "月1回訪ねる。"},
    },
    "F07C": {
        "answer": {
            "org": "jiritsu",
            "household_view": "受診歴なし。",
            "current_work": "なし",
            "want_who": [{"org": "sanka", "why": "居場所"}],
            "request_others": "手紙の文面",
            "our_role": "訪問",
            "our_view": "孤立",
            "can_do": "月1回の訪問",
            "cannot_do": "夜間の対応",
            "sources": "健診の記録",
        },
    },
    "F08": {
        "prepare": {"sheets": "架空の記録", "draft_view": "会えていない。", "draft_policy": "家族の面談から。", "draft_roles": "訪問は健康対策課"},
        "record": {
            "held": "met",
            "attendees": [{"org": "kenko", "name": "架空 花子", "came": "came"}],
            "shared_facts": [{"fact": "受診歴なし", "source": "健診の記録", "on": "2026-03-01"}],
            "opinions": "孤立が深い。",
            "household_view": "会えていない。",
            "urgency": "middle",
            "policy": "家族の面談から。",
            "roles": [{"issue": "孤立", "org": "kenko", "who": "架空 花子", "what": "月1回の訪問", "due_on": "2026-07-08"}],
            "consent_strategy": "手紙から",
            "watch": "月1回、電気の使われかた",
            "emergency_plan": "えしこに、夜間は110番",
            "result": "seek_consent",
            "next_on": "2026-08-07",
            "disclosure_note": "法律にもとづき、案じて話し合った。",
        },
        "close": {"materials_recovered": "partly", "materials_note": "3番は健康対策課", "read_until": "2026-07-08"},
        "emergency": {
            "notified": [{"to": "健康対策課", "at": "2026-06-08T14:00:00+09:00", "person": "架空 四郎"}],
            "safety_confirmed_at": "2026-06-08T15:00:00+09:00",
            "emergency_note": "訪ねて声を聞いた。",
        },
        "review": {"so_far": "架空の記録", "review_decision": "wait", "review_note": "返事を待つ。", "wait_until": "2026-09-07"},
        "finish": {"end_reason": "existing", "end_note": "健康対策課が続ける。", "retention": "y5", "told_person": "not_now", "told_note": "会えていない。"},
        "place": {"placed_org": "kenko", "placed_note": "電話で引き受けた。"},
    },
    "F08R": {"answer": {"org": "jiritsu", "what": "月1回の訪問", "done": "partly", "note": "声だけ聞けた。", "reaction": "返事があった。"}},
    "F09": {
        "confirm": {
            "name": WORKER,
            "org": "esikoni",
            "agreed": "yes",
            "conflict": "none",
            "substitute_for": "架空 五郎",
            "confirmed_at": "2026-05-25T10:00:00+09:00",
            "read_until": "2026-07-08",
        },
    },
}
"""What each part adds, by form and part. None takes out what an earlier part holds."""
