"""Says in Japanese why and where a text is no expression, and what would be right. The grammar decides, not this."""

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
)
_FOREIGN = (
    (r"'", "「'」は使えません。文字は「\"」で囲みます。"),
    (r"&&?", "「かつ」は and と書きます。"),
    (r"\|\|?", "「または」は or と書きます。"),
    (r"!(?!=)", "「でない」は not(…) と書きます。"),
    (r"<>|≠", "「等しくない」は != と書きます。"),
    (r"=>|[≧≥]", "「以上」は >= と書きます。"),
    (r"=<|[≦≤]", "「以下」は <= と書きます。"),
    (r"\*\*", "べき乗は、-(a ** b) や (a ** b) ** c のように、どこまでかを「( )」で囲みます。"),
    (r"\^", "べき乗は ** と書きます。"),
    (r"%|//", "割り算の余りは modulo(a, b) と書きます。"),
    (r"×", "かけ算は * と書きます。"),
    (r"÷", "割り算は / と書きます。"),
    (r"is\b", "「is」は使えません。「=」と書きます(空かどうかは「= null」)。"),
    (r"not\s+in\b", "「ふくまれない」は not(x in (…)) と書きます。"),
    (r"[$#]\{", "「${」は式の最初にだけ書けます。"),
    (r"(lambda|import|def|class)\b", "プログラムは書けません。書けるのは値を読む式だけです。"),
    (r"\.\.", "範囲「1..3」を書けるのは、in のあと([1..3])と for のなか、それに判断表のマスだけです。"),
    (r":", "「:」を書けるのは、関数に渡す値の名前のあと(count(list: x))と、{ } の項目のあとだけです。"),
    (r";", "式は1つだけ書けます。「;」を消してください。"),
)
_QUOTES = "“”„″「」『』"


def unexpected(text: str, at: int, accepted: Collection[str]) -> tuple[int, str]:
    """Where and why the grammar stopped at this place; `accepted` are the terminals that could stand there."""
    if "LPAR" in accepted and set(accepted) <= {"LPAR", "NAME", "COLON"}:
        return _words_in_a_row(text, at)
    if not text[at:].strip():
        missing = (remedy for name, remedy in _CLOSING if name in accepted)
        return at, "式が途中で終わっています。" + next(missing, "続きの値を書いてください。")
    if text[at - 1 : at + 1] in ("<>", "=>", "=<", "**"):
        at -= 1
    foreign = _foreign(text[at:])
    if foreign is not None:
        return at, foreign
    if re.match(r"[=<>]|!=", text[at:]) and "COMPARISON" not in accepted:
        return at, _misplaced_comparison(text[:at])
    word = re.match(r"\w+|.", text[at:], re.DOTALL)
    assert word is not None
    return at, _misplaced(word[0], accepted)


def _foreign(rest: str) -> str | None:
    return next((remedy for pattern, remedy in _FOREIGN if re.match(pattern, rest)), None)


def _words_in_a_row(text: str, at: int) -> tuple[int, str]:
    """Words beside each other are the name of a function; here no "(" follows them."""
    row = re.search(r"\w+(\s+\w+)*\s*$", text[:at])
    start = row.start() if row is not None else at
    starts = [start + word.start() for word in re.finditer(r"\w+", text[start:at])]
    for begin in [*starts, at]:
        foreign = _foreign(text[begin:]) or _in_capitals(re.split(r"\W", text[begin:at])[0])
        if foreign is not None:
            return begin, foreign
    name = " ".join(text[start:at].split())
    place = starts[1] if len(starts) > 1 else at
    text = f"「{name}」の語のあいだに記号がありません。and、or、= などでつなぐか、関数なら最後に「(」を書きます。"
    return place, text


def _in_capitals(word: str) -> str | None:
    if word.lower() in _KEYWORDS and word not in _KEYWORDS:
        return f"「{word}」は小文字の「{word.lower()}」で書きます。"
    return None


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
    if _in_capitals(word) is not None:
        return str(_in_capitals(word))
    if word in (")", "]", "}") and "NAME" in accepted:
        return f"「{word}」の前に値がありません。"
    if "NAME" in accepted:
        return f"ここに「{word}」は置けません。値か名前を書いてください。"
    return f"ここに「{word}」は置けません。値が続くときは and や or、「,」でつなぎ、文字は「\"」で囲みます。"
