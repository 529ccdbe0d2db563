"""The rules of the source that no single module can keep alone. Each rule is tried on a sample that breaks it, too."""

from __future__ import annotations

import ast
import json
import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).parent.parent
OURS = ("engine", "forms", "web", "tests", "benchmarks")
WRITTEN = (".py", ".html", ".js", ".css", ".svg", ".txt", ".xml", ".lark", ".sql", ".mako")


@dataclass(frozen=True)
class Source:
    """A file of ours: its path from the project's folder, and its text."""

    path: str
    text: str

    @property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, self.path)

    @property
    def layer(self) -> str:
        return "engine.kernel" if self.path.startswith("engine/kernel/") else self.path.split("/")[0]

    @property
    def package(self) -> list[str]:
        return list(PurePosixPath(self.path).parent.parts)


Rule = Callable[[Source], Iterator[str]]


def sources(*folders: str, kinds: tuple[str, ...] = (".py",)) -> list[Source]:
    files = (file for folder in folders for file in sorted((ROOT / folder).rglob("*")) if file.suffix in kinds)
    found = [Source(file.relative_to(ROOT).as_posix(), file.read_text(encoding="utf-8")) for file in files]
    assert found, f"nothing written in {folders}"
    return found


def broken(rule: Rule, written: list[Source]) -> list[str]:
    return [f"{source.path}: {offence}" for source in written for offence in rule(source)]


def assert_kept(rule: Rule, written: list[Source]) -> None:
    offences = broken(rule, written)
    assert not offences, "\n" + "\n".join(offences)


def breaks(rule: Rule, path: str, text: str) -> bool:
    return bool(broken(rule, [Source(path, text)]))


def imports(source: Source) -> Iterator[str]:
    """Dotted names, as `engine.kernel` and `engine.kernel.advance` for `from .kernel import advance`."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = source.package[: len(source.package) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield base
            yield from (f"{base}.{name.name}" for name in node.names)


def within(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


def calls(source: Source) -> Iterator[ast.Call]:
    return (node for node in ast.walk(source.tree) if isinstance(node, ast.Call))


# Layers


MAY_IMPORT = {
    "web": ("web", "engine", "forms", "benchmarks"),
    "engine": ("engine", "forms"),
    "engine.kernel": ("engine.kernel",),
    "forms": ("forms",),
}


def imports_upward(source: Source) -> Iterator[str]:
    for name in imports(source):
        ours = any(within(name, package) for package in OURS)
        if ours and not any(within(name, package) for package in MAY_IMPORT[source.layer]):
            yield f"imports {name}"


def test_imports_point_downward_from_web_to_engine_to_kernel() -> None:
    assert_kept(imports_upward, sources("web", "engine"))
    assert breaks(imports_upward, "engine/cases.py", "from web import auth")
    assert breaks(imports_upward, "engine/kernel/advance.py", "from engine import cases")
    assert breaks(imports_upward, "engine/kernel/advance.py", "from .. import cases")
    assert breaks(imports_upward, "engine/kernel/feel/parsing.py", "import forms.dates")
    assert breaks(imports_upward, "web/tasks.py", "from tests.conftest import seed")
    assert not breaks(imports_upward, "engine/kernel/feel/parsing.py", "from ..model import Flow")
    assert not breaks(imports_upward, "web/tasks.py", "import forms, engine.cases, flask")


def test_forms_import_nothing_of_ours() -> None:
    assert_kept(imports_upward, sources("forms"))
    assert breaks(imports_upward, "forms/read.py", "from engine.calendar import TOKYO")
    assert not breaks(imports_upward, "forms/read.py", "from . import dates")


def imports_the_web_framework(source: Source) -> Iterator[str]:
    for name in imports(source):
        if name.split(".")[0].lower() in ("flask", "flask_wtf", "werkzeug", "waitress", "gunicorn"):
            yield f"imports {name}"


def test_engine_and_forms_never_import_the_web_framework() -> None:
    assert_kept(imports_the_web_framework, sources("engine", "forms"))
    assert breaks(imports_the_web_framework, "engine/inbox.py", "def f():\n    from flask import g")


def imports_the_process_library(source: Source) -> Iterator[str]:
    for name in imports(source):
        if within(name, "SpiffWorkflow") and source.layer != "engine.kernel":
            yield f"imports {name}"


def test_only_the_kernel_imports_spiffworkflow() -> None:
    everything = sources("engine", "forms", "web")
    assert_kept(imports_the_process_library, everything)
    assert any(within(name, "SpiffWorkflow") for source in everything for name in imports(source))
    assert breaks(imports_the_process_library, "engine/cases.py", "from SpiffWorkflow.bpmn import BpmnWorkflow")


# What no module does


def runs_text(source: Source) -> Iterator[str]:
    for call in calls(source):
        name = ast.unparse(call.func)
        if name in ("eval", "exec", "builtins.eval", "builtins.exec", "__import__"):
            yield f"line {call.lineno} calls {name}"


def test_no_text_is_run_as_code() -> None:
    assert_kept(runs_text, sources("engine", "forms", "web", "benchmarks"))
    assert breaks(runs_text, "engine/kernel/feel/evaluation.py", "x = eval('1')")
    assert breaks(runs_text, "engine/kernel/feel/evaluation.py", "import builtins\nbuiltins.exec('1')")


def runs_text_in_the_browser(source: Source) -> Iterator[str]:
    for match in re.finditer(r"\beval\s*\(|new\s+Function\s*\(|javascript:", source.text):
        yield f"has {match.group()}"


def test_no_text_is_run_as_code_in_the_browser() -> None:
    assert_kept(runs_text_in_the_browser, sources("web", kinds=(".js", ".html")))
    assert breaks(runs_text_in_the_browser, "web/static/form.js", "setTimeout(new Function('x'))")


CLOCKS = ("datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time", "time.time_ns", "uuid.uuid1",
          "uuid.uuid4", "os.urandom")  # fmt: skip
CHANCE = ("random", "secrets", "uuid.uuid1", "uuid.uuid4", "time.time", "time.time_ns", "os.urandom")


def asks_the_clock_or_chance(source: Source) -> Iterator[str]:
    for name in imports(source):
        if any(within(name, chance) for chance in CHANCE):
            yield f"imports {name}"
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Attribute):
            name = ast.unparse(node)
            if any(name == clock or name.endswith(f".{clock}") for clock in CLOCKS):
                yield f"line {node.lineno} asks {name}"


def test_the_kernel_asks_neither_the_clock_nor_chance() -> None:
    assert_kept(asks_the_clock_or_chance, sources("engine/kernel"))
    for sample in (
        "import datetime\nx = datetime.datetime.now()",
        "from datetime import date\nx = date.today()",
        "import time\nx = time.time()",
        "from time import time",
        "from uuid import uuid4",
        "import uuid\nid = uuid.uuid4",
        "import random",
    ):
        assert breaks(asks_the_clock_or_chance, "engine/kernel/advance.py", sample), sample
    assert not breaks(asks_the_clock_or_chance, "engine/kernel/advance.py", "at = context.now")


def commits(source: Source) -> Iterator[str]:
    for call in calls(source):
        if isinstance(call.func, ast.Attribute) and call.func.attr in ("commit", "begin_nested"):
            yield f"line {call.lineno} calls {ast.unparse(call.func)}"


def test_only_the_store_commits() -> None:
    written = [source for source in sources("engine", "web") if source.path != "engine/store.py"]
    assert_kept(commits, written)
    assert breaks(commits, "engine/inbox.py", "connection.commit()")


# Names


def city_ids() -> tuple[set[str], set[str]]:
    forms = {file.stem for file in (ROOT / "forms/schemas").glob("*.json")} - {"codes"}
    processes = {file.stem for file in (ROOT / "processes/bpmn").glob("*.bpmn")}
    assert forms and processes
    return forms, processes


def names_the_city_s(forms: set[str], processes: set[str]) -> Rule:
    """Ids anywhere; but an id that is a plain English word only where a program reads it, not in a comment."""
    plain = {name for name in processes if name.isalpha()}

    def rule(source: Source) -> Iterator[str]:
        if source.path.endswith(".py"):
            yield from occurrences(forms | processes - plain, source.text)
            for text in literals(source.tree):
                yield from occurrences(plain, text)
        else:
            yield from occurrences(forms | processes - plain, source.text)
            yield from occurrences(plain, re.sub(r"\{#.*?#\}|/\*.*?\*/|<!--.*?-->", "", source.text, flags=re.DOTALL))

    return rule


def occurrences(words: set[str], text: str) -> Iterator[str]:
    pattern = "|".join(sorted(map(re.escape, words))) or r"(?!)"
    for match in re.finditer(rf"(?<![\w#])(?:{pattern})(?!\w)", text):
        line = text[text.rfind("\n", 0, match.start()) + 1 :].partition("\n")[0]
        yield f"names {match.group()} in: {line.strip()}"


def literals(tree: ast.Module) -> Iterator[str]:
    """Texts in the code, docstrings left out."""
    bare = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in bare:
            yield node.value


def test_engine_and_web_name_no_form_and_no_process_of_the_city() -> None:
    assert_kept(names_the_city_s(*city_ids()), sources("engine", "web", kinds=WRITTEN))


def test_a_form_or_process_that_is_named_is_found() -> None:
    rule = names_the_city_s({"F01", "F10R"}, {"intake", "multi_agency"})
    assert breaks(rule, "web/tasks.py", "if form == 'F01': pass")
    assert breaks(rule, "engine/cases.py", "# F10R is special")
    assert breaks(rule, "engine/cases.py", "start('multi_agency')")
    assert breaks(rule, "engine/cases.py", "START = f'{kind}:intake'")
    assert breaks(rule, "web/templates/case.html", '<a href="/start/intake">')
    assert not breaks(rule, "engine/cases.py", '"""The intake of a household."""\nintake_at = 1  # after intake')
    assert not breaks(rule, "web/templates/case.html", "{# the intake of\n a household #}")
    assert not breaks(rule, "web/static/app.css", "a { color: #F01; } /* intake */")
    assert not breaks(rule, "engine/cases.py", "F010 = multi_agency_like = 'F01x'")


EMPTY_WORDS = {
    "service",
    "services",
    "manager",
    "managers",
    "helper",
    "helpers",
    "util",
    "utils",
    "utility",
    "utilities",
}


def has_an_empty_name(source: Source) -> Iterator[str]:
    for part in PurePosixPath(source.path).with_suffix("").parts:
        if EMPTY_WORDS & set(part.lower().split("_")):
            yield "is a module with an empty name"
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ClassDef):
            words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", node.name)
            if EMPTY_WORDS & {word.lower() for word in words}:
                yield f"line {node.lineno}: class {node.name}"


def test_no_module_or_class_is_called_service_manager_helper_or_util() -> None:
    assert_kept(has_an_empty_name, sources("engine", "forms", "web", "benchmarks", "tests"))
    assert breaks(has_an_empty_name, "engine/case_service.py", "")
    assert breaks(has_an_empty_name, "web/utils/dates.py", "")
    assert breaks(has_an_empty_name, "engine/cases.py", "class CaseManager: pass")
    assert breaks(has_an_empty_name, "engine/cases.py", "class HTTPHelper: pass")
    assert not breaks(has_an_empty_name, "engine/utilisation.py", "class Managerial: pass")


# Words about the source


def lacks_a_docstring(source: Source) -> Iterator[str]:
    if source.tree.body and not ast.get_docstring(source.tree):
        yield "does not say what it is for"


def test_every_module_says_what_it_is_for() -> None:
    assert_kept(lacks_a_docstring, sources("engine", "forms", "web", "benchmarks", "tests"))
    assert breaks(lacks_a_docstring, "engine/cases.py", "x = 1")
    assert not breaks(lacks_a_docstring, "engine/__init__.py", "")


def undocumented(names: set[str], page: str) -> set[str]:
    return {name for name in names if not re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", page)}


def test_every_setting_and_every_command_is_in_the_operators_page() -> None:
    page = (ROOT / "docs/operating.md").read_text(encoding="utf-8")
    launcher = (ROOT / "bansou").read_text(encoding="utf-8")
    texts = [source.text for source in sources("engine", "forms", "web", "benchmarks")] + [launcher]
    settings = {name for text in texts for name in re.findall(r"BANSOU_[A-Z_]+", text)}
    options = {name for source in sources("web") for name in re.findall(r'add_argument\(\s*"(--[a-z-]+)"', source.text)}
    commands = {f"./bansou {name}" for name in re.findall(r'^    "(\w+)": \("', launcher, re.MULTILINE)}
    assert "BANSOU_DATABASE_URL" in settings and "./bansou run" in commands
    assert not undocumented(settings | options | commands, page)
    assert undocumented({"BANSOU_COLOUR"}, "`BANSOU_COLOURS` is something else")


def test_every_table_has_its_word_in_japanese() -> None:
    from engine.store import metadata

    page = (ROOT / "docs/words.md").read_text(encoding="utf-8")
    missing = {name for name in metadata.tables if f"`{name}`" not in page}
    assert metadata.tables and not missing


def dead_links(page: str, folder: Path) -> list[str]:
    links = re.findall(r"\]\((?!https?:|#)([^)#\s]+)", page)
    return [link for link in links if not (folder / link).exists()]


def test_every_link_between_the_documents_leads_somewhere() -> None:
    pages = [path for path in tracked() if path.suffix == ".md"]
    found = {str(page): dead_links(page.read_text(encoding="utf-8"), page.parent) for page in pages}
    assert pages and not {page: links for page, links in found.items() if links}
    assert dead_links("[a](README.md) [b](gone.md#there) [c](https://example.jp/)", ROOT) == ["gone.md"]


# Files


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def names_a_registry(text: str) -> bool:
    hosts = ("pypi" + ".org", "python" + "hosted", "npm" + "js", "registry.yarn" + "pkg")
    return any(host in text for host in hosts)


def test_no_file_names_the_host_of_a_package_registry() -> None:
    named = [path for path in tracked() if names_a_registry(path.read_bytes().decode("utf-8", "ignore"))]
    assert not named
    assert names_a_registry("--index-url https://pypi" + ".org/simple")


def unpinned(requirements: str) -> list[str]:
    entries = re.sub(r"\\\n\s*", "", re.sub(r"^#.*\n", "", requirements, flags=re.MULTILINE)).splitlines()
    return [entry for entry in entries if not re.match(r"^[\w.-]+(\[\w+\])?==\S+ ?(;[^#]*?)? ?--hash=sha256:", entry)]


def test_every_python_package_is_pinned_with_its_hashes() -> None:
    for name in ("constraints.txt", "constraints-test.txt", "constraints-node.txt", "benchmarks/peer/constraints.txt"):
        assert not unpinned((ROOT / name).read_text())
    assert unpinned("flask==3.1.3 \\\n    --hash=sha256:00\nlark==1.3.1\n") == ["lark==1.3.1"]
    assert unpinned("--index-url https://example.jp/simple\n")


def test_every_front_end_package_is_pinned_with_its_hash_and_without_an_address() -> None:
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    published = {name: package for name, package in packages.items() if name}
    assert published
    assert all(
        package["integrity"].startswith("sha512-") and "resolved" not in package for package in published.values()
    )
