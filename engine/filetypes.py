"""Which files may be attached: their extension must agree with what is inside. It opens nothing and runs nothing.

The list is closed. What could carry a program (macros) or hide its content (passwords) is refused with a remedy.
"""

import io
import re
import zipfile
from collections.abc import Callable

from engine.errors import Refusal
from forms.dates import shortened

MEGABYTE = 1024 * 1024
LARGEST = 20 * MEGABYTE
LONGEST_NAME = 120

_OOXML = "application/vnd.openxmlformats-officedocument."
KINDS = {
    "pdf": "application/pdf", "png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "heic": "image/heic",
    "docx": _OOXML + "wordprocessingml.document", "xlsx": _OOXML + "spreadsheetml.sheet", "txt": "text/plain",
}  # fmt: skip
SAID = "PDF・画像（PNG・JPEG・HEIC）・Word（docx）・Excel（xlsx）・テキスト（txt）"

_UNUSABLE = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff\ufffd/\\\\]")
_OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # also an Office file with a password
_HEIC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})
_ZIP_END, _ZIP64 = b"PK\x05\x06", b"PK\x06\x07"
_LARGEST_LIST = MEGABYTE  # of the names inside an Office file


class UnusableFile(Refusal):
    """このファイルは加えられません。"""


def named(name: str) -> str:
    """The name a file is kept under: without the folders that some browsers send. Raises UnusableFile."""
    last = re.split(r"[/\\]", name)[-1].strip()
    if not last.strip(". "):
        raise UnusableFile("ファイルを選んでください。")
    if _UNUSABLE.search(last):
        raise UnusableFile("ファイルの名前に、使えない文字が入っています。名前を変えてから加えてください。")
    if len(last) > LONGEST_NAME:
        raise UnusableFile(f"ファイルの名前が長すぎます。{LONGEST_NAME}文字までに変えてから加えてください。")
    return last


def kind_of(name: str, body: bytes) -> str:
    """The media type of a file that may be attached. Raises UnusableFile with what is wrong and what would be right."""
    if not body:
        raise UnusableFile("中身のないファイルです。開いて確かめてから、選び直してください。")
    if len(body) > LARGEST:
        size = len(body) / MEGABYTE
        raise UnusableFile(f"{size:.1f}MBあります。1つ20MBまでです。分けるか、小さくしてから加えてください。")
    extension = name.rpartition(".")[2].lower() if "." in name else ""
    if extension not in KINDS:
        what = f"「.{shortened(extension, 10)}」のファイル" if extension else "名前の終わりに種類のないファイル"
        raise UnusableFile(f"{what}は加えられません。加えられるのは、{SAID}です。PDF にしてから加えてください。")
    if not _INSIDE[extension](body):
        raise UnusableFile(_remedy(extension, body))
    return KINDS[extension]


def _remedy(extension: str, body: bytes) -> str:
    if extension in ("docx", "xlsx") and body.startswith(_OLD_OFFICE):
        return "パスワードがかかっているか、古い形式です。パスワードを外して保存し直すか、PDF にして加えてください。"
    if extension in ("docx", "xlsx") and any("vbaproject" in each for each in _names_inside(body)):
        return "マクロ（プログラム）が入っています。マクロのない形で保存し直すか、PDF にしてから加えてください。"
    return f"名前は「.{extension}」ですが、中身が違います。元のファイルを開き、PDF か同じ種類で保存し直してください。"


def _is_heic(body: bytes) -> bool:
    return body[4:8] == b"ftyp" and body[8:12] in _HEIC_BRANDS


def _is_office(main: str) -> Callable[[bytes], bool]:
    def check(body: bytes) -> bool:
        names = _names_inside(body)
        return "[content_types].xml" in names and main in names and not any("vbaproject" in each for each in names)

    return check


def _names_inside(body: bytes) -> frozenset[str]:
    """What a zip file says it contains, in lower case; nothing when it is none. Only a short list is read."""
    end = body.rfind(_ZIP_END, max(0, len(body) - 66_000))
    if not body.startswith(b"PK\x03\x04") or end < 0 or body[end - 20 : end - 16] == _ZIP64:
        return frozenset()
    if int.from_bytes(body[end + 12 : end + 16], "little") > _LARGEST_LIST:
        return frozenset()
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as packed:
            return frozenset(each.lower() for each in packed.namelist())
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        return frozenset()


def _is_text(body: bytes) -> bool:
    """Words and line ends only, as UTF-8 or as Japanese Windows writes them."""
    if body.startswith((b"\xff\xfe", b"\xfe\xff")):
        return _reads(body, "utf-16")
    return _reads(body, "utf-8-sig") or _reads(body, "cp932")


def _reads(body: bytes, encoding: str) -> bool:
    try:
        text = body.decode(encoding)
    except UnicodeDecodeError:
        return False
    return re.search("[\x00-\x08\x0b\x0e-\x1f\x7f]", text) is None


_INSIDE: dict[str, Callable[[bytes], bool]] = {
    "pdf": lambda body: body[:1024].lstrip(b"\xef\xbb\xbf\x00\t\r\n ").startswith(b"%PDF-"),
    "png": lambda body: body.startswith(b"\x89PNG\r\n\x1a\n"),
    "jpg": lambda body: body.startswith(b"\xff\xd8\xff"),
    "jpeg": lambda body: body.startswith(b"\xff\xd8\xff"),
    "heic": _is_heic,
    "docx": _is_office("word/document.xml"),
    "xlsx": _is_office("xl/workbook.xml"),
    "txt": _is_text,
}
