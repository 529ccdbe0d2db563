"""The errors of Bansou, drawn as one tree; a docstring is the message shown when no better one was given.

    Refusal                     the request cannot be done; the person reads why
    ├── NotAllowed              may not, or does not exist: both look the same (HTTP 404)
    ├── NoLongerOpen            somebody else was first (409)
    ├── BadAnswer               a form with errors (422)
    ├── Unpublishable           a release with problems (422)
    ├── Conflict                lost the swap five times (409)
    └── OtherVersion            written by a version that this one does not know (503)

What the kernel raises is drawn in ``engine/kernel/errors.py``. This module must not import anything of ours.
"""


class Refusal(Exception):
    """できませんでした。"""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or (type(self).__doc__ or "").strip())

    @property
    def message(self) -> str:
        return str(self.args[0])


class NotAllowed(Refusal):
    """見つかりません。番号を確かめるか、担当の課にたずねてください。"""


class NoLongerOpen(Refusal):
    """このやることは、もう終わっています。"""


class BadAnswer(Refusal):
    """入力に直すところがあります。"""


class Unpublishable(Refusal):
    """公開できません。直すところがあります。"""


class Conflict(Refusal):
    """ほかの人の操作と重なりました。もう一度お試しください。"""



class OtherVersion(Refusal):
    """いま動いている伴走より新しい版で書かれているため、開けません。何も変えていません。システム管理者に、新しい版で動かすよう伝えてください。"""
