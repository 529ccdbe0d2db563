"""The commands of Bansou behind the launcher. It decides nothing about a case; each command is a few calls of the engine."""

from __future__ import annotations

import argparse
import getpass
import json
import logging
import os
import secrets
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from engine import layout, migrations, people, proving, rebuilding, releases, store
from engine.city import City
from engine.errors import Refusal
from engine.kernel.model import Problem
from engine.worker import Worker
from web import opening, sign_in_settings
from web.opening import Opening, Unsafe
from web.sign_in_settings import SignInSettings

ROOT = Path(__file__).resolve().parent.parent
THREADS = 4  # that answer requests: eight only wait for each other (http-complete); a slow browser keeps none of them


def main(argv: list[str]) -> int:
    """Carry out one command; the exit code: 0 done, 1 something is to be put right, 2 wrongly called."""
    arguments = _parser().parse_args(argv)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("bansou").setLevel(logging.INFO)  # of libraries only what went wrong
    try:
        code: int = arguments.do(arguments)
        return code
    except Unsafe as unsafe:
        print(said(*unsafe.args), file=sys.stderr)
        return 2
    except Refusal as refusal:
        print(refusal.message, file=sys.stderr)
        return 1


def said(japanese: str, english: str) -> str:
    """A sentence in the language that the environment asks for; both when it says nothing."""
    for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        value = os.environ.get(name, "").lower()
        if value.startswith("ja"):
            return japanese
        if value.startswith("en"):
            return english
    return f"{japanese} / {english}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bansou", description=said("伴走", "Bansou"))
    commands = parser.add_subparsers(required=True, metavar=said("命令", "COMMAND"))

    run = _command(commands, "run", _run, "始めます。空のデータフォルダはデモになります", "Start; an empty data folder becomes a demo")
    run.add_argument("--port", type=int, default=8000, help=said("ポート(初めは 8000)", "port (8000)"))
    run.add_argument("--host", default="127.0.0.1", help=said("待ち受けるアドレス(初めはこの PC だけ)", "address (this machine only)"))
    run.add_argument("--data", type=Path, default=ROOT / "data", help=said("データのフォルダ", "data folder"))
    run.add_argument("--no-demo", action="store_true", help=said("デモにせず、本番として始めます", "start a real one instead of a demo"))
    plain = said("暗号化せずに外へ開きます(試すときだけ)", "open to others without encryption (trials only)")
    run.add_argument("--plain-http", action="store_true", help=plain)
    knowingly = said("練習用のデータをほかの PC にも開きます。だれでも入れます", "open a demo to other machines too; everybody can come in")
    run.add_argument("--open-demo", action="store_true", help=knowingly)
    run.add_argument("--behind-tls", action="store_true", help=said("前に TLS の中継があります", "a TLS proxy stands in front"))

    lint = _command(commands, "lint", _lint, "業務の流れの問題を挙げます", "List what is wrong in process files")
    lint.add_argument("files", nargs="+", type=Path, metavar="FILE")
    lint.add_argument("--json", action="store_true", help=said("JSON で出します", "print JSON"))

    tidy = _command(commands, "tidy", _tidy, "業務の流れの図を並べ直します", "Lay process diagrams out again")
    tidy.add_argument("files", nargs="+", type=Path, metavar="FILE")
    tidy.add_argument("--keep", action="store_true", help=said("人が置いた位置はそのままにします", "keep positions that a person set"))

    publish = _command(commands, "publish", _publish, "業務の流れと様式を公開します", "Publish processes and forms")
    publish.add_argument("folder", nargs="?", type=Path, default=ROOT, metavar="DIR")
    publish.add_argument("--data", type=Path, default=ROOT / "data", help=said("データのフォルダ", "data folder"))
    publish.add_argument("--reason", help=said("公開の理由", "why"))
    publish.add_argument("--replace", action="store_true", help=said("ほかの場所から公開された版に代えます", "replace a release from elsewhere"))

    bench = _command(commands, "bench", _bench, "速さを測ります", "Measure")
    bench.add_argument("names", nargs="*", metavar="NAME")
    bench.add_argument("--json", action="store_true", help=said("JSON で出します", "print JSON"))

    rebuild = _command(commands, "rebuild", _rebuild, "一覧を、できごとから作り直します", "Build the lists again from what happened")
    rebuild.add_argument("--data", type=Path, default=ROOT / "data", help=said("データのフォルダ", "data folder"))

    verify = _command(commands, "verify", _verify, "記録が書き換えられていないかを確かめます", "Prove that what is recorded was not changed")
    verify.add_argument("--data", type=Path, default=ROOT / "data", help=said("データのフォルダ", "data folder"))

    against = said("前に --keep で書いた控えと比べます", "compare with what --keep wrote before")
    verify.add_argument("--against", type=Path, metavar="FILE", help=against)
    verify.add_argument("--keep", type=Path, metavar="FILE", help=said("すべて合っていれば、控えを書きます", "write down where every chain ends, if all fits"))

    user = commands.add_parser("user", help=said("職員", "people"), description=said("職員", "people"))
    adding = user.add_subparsers(required=True, metavar=said("命令", "COMMAND"))
    add = _command(adding, "add", _add_user, "職員を加えます", "Add a person")
    add.add_argument("login", help=said("利用者ID", "login"))
    add.add_argument("name", help=said("氏名", "name"))
    add.add_argument("--kana", default="", help=said("カナ", "reading"))
    add.add_argument("--group", action="append", default=[], help=said("入る組(いくつでも)。例: esikoni.head", "group, as often as needed"))
    add.add_argument("--administrator", action="store_true", help=said("システム管理者にします", "system administrator"))
    add.add_argument("--process-owner", action="store_true", help=said("業務の流れの担当者にします", "process owner"))
    add.add_argument("--data", type=Path, default=ROOT / "data", help=said("データのフォルダ", "data folder"))
    return parser


def _command(
    commands: Any, name: str, do: Callable[[argparse.Namespace], int], japanese: str, english: str
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=said(japanese, english), description=said(japanese, english))
    parser.set_defaults(do=do)
    return parser


# -- run ---------------------------------------------------------------------------------------------------------------
def _run(arguments: argparse.Namespace) -> int:
    how = Opening(arguments.host, arguments.behind_tls, arguments.plain_http, arguments.no_demo, arguments.open_demo)
    opening.refuse_without_encryption(how)
    began = time.monotonic()
    settings = sign_in_settings.read(arguments.data)
    city = _open(arguments.data)
    key = _secret(city)
    opening.refuse_unsafe(how, city, arguments.data, settings, key)
    if releases.is_empty(city):
        releases.publish(city, ROOT)
        if not arguments.no_demo:
            from engine import demo

            print(said("デモのケースを作っています…", "Making the demo's cases …"), flush=True)
            demo.make(city)
    elif difference := releases.difference(city, ROOT):
        print(_said_difference(difference) + "\n" + said("公開中の版で始めます。", "Starting with the release in force."), flush=True)
    return _serve(arguments, city, settings, key, began)


def _serve(arguments: argparse.Namespace, city: City, settings: SignInSettings, key: str, began: float) -> int:
    from waitress.server import create_server

    from web import create_app

    app = create_app({
        "CITY": city, "SECRET_KEY": key, "SESSION_COOKIE_SECURE": arguments.behind_tls, "PROXIES": 1 if arguments.behind_tls else 0,
        "SIGN_IN": settings,
    })  # fmt: skip
    server = create_server(app, host=arguments.host, port=arguments.port, threads=THREADS, ident=None, max_request_body_size=32 * 1024 * 1024)
    worker = Worker(city)
    worker.start()
    seconds = time.monotonic() - began
    print(said(f"始まりました({seconds:.1f}秒)。", f"Started ({seconds:.1f} s).") + f" http://{arguments.host}:{arguments.port}/", flush=True)
    signal.signal(signal.SIGTERM, lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    try:
        server.run()
    except KeyboardInterrupt:
        print(said("終わります。", "Stopping."), flush=True)
    finally:
        server.close()
        worker.stop()
        city.store.close()
    return 0


def _open(data: Path) -> City:
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        opened = store.connect(store.url_of(data))
        migrations.upgrade(opened)
    except (ValueError, sa.exc.DBAPIError) as error:
        raise Refusal(_said_closed(data, error)) from error
    return City(opened)


def _said_closed(data: Path, error: ValueError | sa.exc.DBAPIError) -> str:
    """Why the database does not open, in its own words, and where to look. An address is not repeated: it may hold a password."""
    why = str(error.orig if isinstance(error, sa.exc.DBAPIError) else error).strip()
    if os.environ.get("BANSOU_DATABASE_URL"):
        return said(
            "データベースを開けません。BANSOU_DATABASE_URL(例: postgresql://bansou@localhost/bansou)が正しいこと、PostgreSQL が動いていること、"
            f"その名前のデータベースがあり、利用者がその持ち主であることを確かめてください。\n{why}",
            "The database cannot be opened. See that BANSOU_DATABASE_URL is right (such as postgresql://bansou@localhost/bansou), that PostgreSQL "
            f"runs, and that the database is there and belongs to that user.\n{why}",
        )
    return said(
        f"{data / 'bansou.sqlite3'} を開けません。--data のフォルダ、書き込む権限、ディスクの空きを確かめてください。\n{why}",
        f"{data / 'bansou.sqlite3'} cannot be opened. See that --data is the right folder, may be written to and has space left.\n{why}",
    )


def _secret(city: City) -> str:
    """The key that signs sessions: made once, kept in the database, never shown."""
    with city.store.transaction() as c:
        known = c.scalar(sa.select(store.about.c.value).where(store.about.c.key == "secret"))
        if known is None:
            known = secrets.token_hex(32)
            c.execute(sa.insert(store.about).values(key="secret", value=known))
        return str(known)


# -- files -------------------------------------------------------------------------------------------------------------
def _lint(arguments: argparse.Namespace) -> int:
    """The problems of these files, read together with the other files of the project, which they may call."""
    files = releases.gather(ROOT)
    named: dict[str, str] = {}
    for path in arguments.files:
        if not path.is_file():
            print(said(f"{path} がありません。", f"There is no {path}."), file=sys.stderr)
            return 2
        place = next((folder for folder, ending in releases.FOLDERS if path.suffix == ending), "processes/bpmn")
        key = releases.SETTINGS if path.name == Path(releases.SETTINGS).name else f"{place}/{path.name}"
        files[key] = path.read_bytes()
        named[path.name] = str(path)
    problems = [problem for problem in releases.check(files).problems if problem.file in named]
    if arguments.json:
        print(json.dumps([{**asdict(problem), "file": named[problem.file]} for problem in problems], ensure_ascii=False, indent=1))
    else:
        for problem in problems:
            print(_said_problem(problem))
        if not problems:
            print(said("直すところはありません。", "Nothing to put right."))
    return 1 if any(problem.kind in ("ask", "refused") for problem in problems) else 0


def _tidy(arguments: argparse.Namespace) -> int:
    code = 0
    for path in arguments.files:
        if not path.is_file():
            print(said(f"{path} がありません。", f"There is no {path}."), file=sys.stderr)
            return 2
        before = path.read_bytes()
        try:
            after = layout.tidy(before, keep=arguments.keep)
        except ValueError as error:
            print(f"{path}: {error}", file=sys.stderr)
            code = 1
            continue
        if after != before:
            path.write_bytes(after)
        print(f"{path}: " + (said("並べ直しました。", "laid out.") if after != before else said("整っています。", "is tidy already.")))
    return code


def _publish(arguments: argparse.Namespace) -> int:
    city = _open(arguments.data)
    try:
        difference = releases.publish(city, arguments.folder, reason=arguments.reason, replace=arguments.replace)
    except releases.Problems as problems:
        for problem in problems.problems:
            print(_said_problem(problem), file=sys.stderr)
        print(said("公開していません。", "Nothing was published."), file=sys.stderr)
        return 1
    print(_said_difference(difference) if difference else said("公開中の版と同じです。", "The same as the release in force."))
    return 0


def _said_problem(problem: Problem) -> str:
    kinds = {
        "fixed": said("直しました", "fixed"), "ask": said("決めてください", "ask"), "refused": said("使えません", "refused"),
        "style": said("書き方", "style"),
    }  # fmt: skip
    place = ":".join(str(each) for each in (problem.file, problem.line, problem.element) if each is not None)
    return f"{place}  [{kinds[problem.kind]} {problem.rule}]  {problem.message}"


def _said_difference(difference: releases.Difference) -> str:
    lines = [said("公開中の版とフォルダの違い:", "How the folder differs from the release in force:")]
    for title, paths in (("+", difference.added), ("~", difference.changed), ("-", difference.removed)):
        lines += [f"  {title} {path}" for path in paths]
    return "\n".join(lines)


# -- the rest ----------------------------------------------------------------------------------------------------------
def _bench(arguments: argparse.Namespace) -> int:
    from benchmarks import measure

    return measure(arguments.names, as_json=arguments.json)


def _rebuild(arguments: argparse.Namespace) -> int:
    city = _open(arguments.data)
    count = rebuilding.rebuild(city)
    print(said(f"{count}件のケースの一覧を作り直しました。", f"Built the lists of {count} cases again."))
    return 0


def _verify(arguments: argparse.Namespace) -> int:
    """Walk every chain; 1 when something is broken. It makes no data folder: an empty one would always hold."""
    url = store.url_of(arguments.data)
    if url.startswith("sqlite") and not (arguments.data / "bansou.sqlite3").is_file():
        raise Refusal(said(f"{arguments.data} にデータがありません。--data で、データのフォルダを指してください。", f"There is no data in {arguments.data}."))
    kept = proving.read_heads(_text(arguments.against)) if arguments.against is not None else None
    opened = _open(arguments.data).store
    proof = proving.verify(opened, kept)
    for number, what in proof.wrong:
        print(f"{number}: {what}" if number else what)
    looked_at = said(
        f"ケース{proof.cases}件、できごと{proof.events}件、閲覧の記録{proof.lines}行を確かめました。",
        f"Looked at {proof.cases} cases, {proof.events} events and {proof.lines} lines of who saw what.",
    )
    gone = said(f"廃棄で消された記録は{proof.erased}件です。", f"{proof.erased} answers were erased.") if proof.erased else ""
    found = said("すべて合っています。", "All of it fits.")
    if proof.wrong:
        found = said(f"合わないところが{len(proof.wrong)}か所あります。", f"{len(proof.wrong)} places do not fit.")
    print(" ".join(each for each in (looked_at, gone, found) if each))
    if arguments.keep is not None and not proof.wrong:
        arguments.keep.write_text(proving.heads(opened).dump(), encoding="utf-8")
        print(said(f"控えを {arguments.keep} に書きました。", f"Wrote {arguments.keep}."))
    return 1 if proof.wrong else 0


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Refusal(said(f"{file} を読めません。ファイルの場所を確かめてください。", f"Cannot read {file}.")) from error


def _add_user(arguments: argparse.Namespace) -> int:
    city = _open(arguments.data)
    if people.is_demo(city.store):
        raise Refusal(said("デモには職員を加えられません。--no-demo で始めた本番のデータに加えてください。", "A demo takes no real people."))
    unknown: list[str] = []
    if arguments.group:
        with city.store.reading() as c:
            unknown = sorted(set(arguments.group) - city.organisation(c).groups)
    if unknown:
        raise Refusal(said(f"「{unknown[0]}」という組はありません。organisation.toml を見てください。", f"There is no group {unknown[0]!r}."))
    password = os.environ.get("BANSOU_PASSWORD") or getpass.getpass(said("パスワード", "Password") + ": ")
    person = people.add_person(
        city.store, arguments.login, arguments.name, now=city.now(), kana=arguments.kana, password=password, groups=arguments.group,
        administrator=arguments.administrator, process_owner=arguments.process_owner,
    )  # fmt: skip
    print(said(f"「{person.login}」を加えました。", f"Added {person.login}."))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
