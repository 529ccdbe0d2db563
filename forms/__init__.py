"""Forms from JSON Schema: load, draw, read, check, show and print them; imports nothing of ours and stores nothing.

forms, problems = load(folder)
page = draw(form, part, data)                            # HTML inside the caller's form tag
sent = read(form, part, request.form, before=data)       # the answer, what was typed, what cannot be read
errors = check(form, part, sent.data, found=sent.errors)
page = summary(form, part, errors) + draw(form, part, data, errors=errors, typed=sent.typed)
"""

from .check import check
from .choices import Choice, Choices
from .dates import ImpossibleDate, read_date, wareki, wareki_moment
from .draw import draw, links
from .form import Code, Condition, Field, Form, May, Part, Print, Rule, Section, in_hand
from .layout import answered, layout, relevant
from .messages import FieldError
from .paper import paper
from .read import Submitted, read
from .saying import said
from .schema import load, load_files
from .sent import Wants
from .show import show
from .values import Upload
from .write import NEW, Typed, write

__all__ = [
    "NEW",
    "Choice",
    "Choices",
    "Code",
    "Condition",
    "Field",
    "FieldError",
    "Form",
    "ImpossibleDate",
    "May",
    "Part",
    "Print",
    "Rule",
    "Section",
    "Submitted",
    "Typed",
    "Upload",
    "Wants",
    "answered",
    "check",
    "draw",
    "in_hand",
    "layout",
    "links",
    "load",
    "load_files",
    "paper",
    "read",
    "read_date",
    "relevant",
    "said",
    "show",
    "wareki",
    "wareki_moment",
    "write",
]
