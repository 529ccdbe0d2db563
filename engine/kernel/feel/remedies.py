"""Says in Japanese why a text is no expression, and what would be right. Only the grammar decides what is right."""

from __future__ import annotations

import re
from collections.abc import Collection
from unicodedata import normalize

_KEYWORDS = frozenset(
    {"and", "or", "not", "in", "if", "then", "else", "some", "every", "satisfies", "for", "return", "between"}
)
_CLOSING = (
    ("RPAR", "閉じかっこ「)」が足りません。"),
    ("RSQB", "閉じかっこ「]」が足りません。"),
    ("RBRACE", "閉じかっこ「}」が足りません。"),
    ("THEN", "if のあとに then がありません。「if 条件 then 値 else 値」と書きます。"),
    ("ELSE", "if のあとに else がありません。「if 条件 then 値 else 値」と書きます。"),
    ("SATISFIES", "satisfies がありません。「some x in 一覧 satisfies 条件」と書きます。"),
    ("RETURN", "return がありません。「for x in 一覧 return 値」と書きます。"),
    ("__ANON_0", "「..」がありません。「1..3」と書きます。"),
)
_IS = "「is」は使えません。「=」と書きます(空かどうかは「= null」)。"
_POWER = "べき乗は使えません。かけ算で書きます。"
_FOREIGN = (
    (r"'", "「'」は使えません。文字は「\"」で囲みます。"),
    (r"&&?", "「かつ」は and と書きます。"),
    (r"\|\|?", "「または」は or と書きます。"),
    (r"!(?!=)", "「でない」は not(…) と書きます。"),
    (r"<>", "「等しくない」は != と書きます。"),
    (r"=[<>]", "「以上」は >=、「以下」は <= と書きます。"),
    (r"\^", _POWER),
    (r"%|//", "割り算の余りは modulo(a, b) と書きます。"),
    (r"is\b", _IS),
    (r"not\s+in\b", "「ふくまれない」は not(x in (…)) と書きます。"),
    (r"[$#]\{", "「${」は式の最初にだけ書けます。"),
    (r"lambda\b|import\b|def\b|class\b|exec\b|eval\b", "プログラムは書けません。書けるのは値を読む式だけです。"),
    (r"\.\.", "範囲「1..3」を書けるのは、in のあと([1..3])と for のなか、それに判断表のマスだけです。"),
    (r"[≧≥]", "「以上」は >= と書きます。"),
    (r"[≦≤]", "「以下」は <= と書きます。"),
    (r"≠", "「等しくない」は != と書きます。"),
    (r"×", "かけ算は * と書きます。"),
    (r"÷", "割り算は / と書きます。"),
    (r";", "式は1つだけ書けます。「;」を消してください。"),
)
_QUOTES = "“”„″「」『』"


def unexpected(text: str, at: int, accepted: Collection[str]) -> str:
    """Why the grammar stopped at this place of the text; `accepted` are the terminals that could stand there."""
    rest = text[at:]
    if "LPAR" in accepted and set(accepted) <= {"LPAR", "NAME"}:
        return _beside_each_other(text[:at])
    if not rest.strip():
        missing = (remedy for name, remedy in _CLOSING if name in accepted)
        return "式が途中で終わっています。" + next(missing, "続きの値を書いてください。")
    if re.match(r"=(?![<>])|!=|<(?!>)|>", rest) and "COMPARISON" not in accepted:
        return _misplaced_comparison(text[:at])
    if rest.startswith("*") and text[:at].endswith("*"):
        return _POWER
    for pattern, remedy in _FOREIGN:
        if re.match(pattern, rest):
            return remedy
    word = re.match(r"\w+|.", rest, re.DOTALL)
    assert word is not None
    return _misplaced(word[0], accepted)


def _beside_each_other(before: str) -> str:
    words = re.findall(r"\w+", before.rstrip())
    if "is" in words[-2:]:
        return _IS
    pair = " ".join(words[-2:])
    return f"「{pair}」のあいだに記号がありません。and、or、= などでつなぐか、関数ならあとに「(」を書きます。"


def _misplaced_comparison(before: str) -> str:
    if re.search(r"[=<>]\s*[^=<>]+$", before):
        return "比較は続けて書けません。and でつないでください(例: 1 <= x and x <= 3)。"
    return "比較の左側に値がありません。"


def _misplaced(word: str, accepted: Collection[str]) -> str:
    narrow = normalize("NFKC", word)
    if word == '"':
        return "文字の終わりの「\"」がありません。"
    if word in _QUOTES:
        return f"「{word}」は使えません。文字は半角の「\"」で囲みます。"
    if narrow != word and narrow.isascii():
        return f"全角の「{word}」は使えません。半角の「{narrow}」にしてください。"
    if word.lower() in _KEYWORDS and word not in _KEYWORDS:
        return f"「{word}」は小文字の「{word.lower()}」で書きます。"
    if word in (")", "]", "}") and "NAME" in accepted:
        return f"「{word}」の前に値がありません。"
    if "NAME" in accepted:
        return f"ここに「{word}」は置けません。値か名前を書いてください。"
    return f"ここに「{word}」は置けません。値が続くときは and や or、「,」でつなぎ、文字は「\"」で囲みます。"
