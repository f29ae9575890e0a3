"""`yingda faq`: what the bot knows, from and to files, asked and measured."""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from bot.cli.options import DEFAULT, ConfigPath, opened, read_config, utc_now, wait
from bot.config import BadConfig, Config
from faq import encoder as encoders
from faq import evaluate as evaluation
from faq import exporter, importer, imports, labels, stored
from faq.compare import Report, compare
from faq.config import FaqConfig
from faq.edits import valid
from faq.encoder import CachedEncoder
from faq.evaluate import Judgement
from faq.hybrid import HybridMatcher
from faq.importer import Imported
from faq.matcher import Decision, Entry
from faq.modes import ModeMatcher, admitted
from faq.tokens import Tokens

app = typer.Typer(help="The knowledge base.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


@app.callback()
def group() -> None:
    """Import, export, ask and measure the knowledge base."""


@app.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(help="A CSV, XLSX, YAML or JSONL file.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would change.")] = False,  # noqa: FBT002 - typer makes it a flag
    publish: Annotated[bool, typer.Option("--publish", help="Make it live at once.")] = False,  # noqa: FBT002 - typer makes it a flag
    column: Annotated[
        list[str] | None,
        typer.Option(help="What a column is, as TITLE=FIELD; TITLE= leaves it out."),
    ] = None,
    overwrite_drafts: Annotated[bool, typer.Option(help="End drafts written by hand.")] = False,  # noqa: FBT002 - typer makes it a flag
    config: ConfigPath = DEFAULT,
) -> None:
    """Take entries from a file: all of them, or none if any row is wrong."""
    settings = read_config(config)
    imported = importer.read_file(file, _meanings(column or []))
    report, done = wait(_import(settings, imported, (dry_run, publish, overwrite_drafts)))
    print(f"new {len(report.new)}, changed {len(report.changed)}, same {len(report.same)}")
    _tell_trouble(file, report, overwrite=overwrite_drafts)
    if dry_run and not report.errors:
        print("dry run: nothing was imported")
    elif not done and (report.errors or report.touched):
        print("nothing was imported", file=sys.stderr)
        raise typer.Exit(1)
    elif report.touched:
        print("published" if publish else "saved as drafts; publish them in the desk")


def _meanings(given: list[str]) -> dict[str, str]:
    told = {}
    for each in given:
        title, sign, meaning = each.rpartition("=")
        if not sign:
            raise typer.BadParameter(f"write TITLE=FIELD, not {each!r}", param_hint="--column")
        told[title] = meaning.strip()
    return told


def _tell_trouble(file: Path, report: Report, *, overwrite: bool) -> None:
    for error in report.errors:
        where = f"row {error.row}" if error.row else file.name
        print(f"{where}: {error.problem}", file=sys.stderr)
    for clash in report.clashes:
        other = f"row {clash.other_row}" if clash.other_row else f"entry {clash.other!r}"
        print(f"row {clash.row}: {other} has the question {clash.question!r} too", file=sys.stderr)
    if report.clashing > len(report.clashes):
        print(f"... and {report.clashing - len(report.clashes)} more such rows", file=sys.stderr)
    for conflict in report.conflicts:
        end = "would be ended" if not overwrite else "is ended"
        print(
            f"row {conflict.row}: the draft of {conflict.key!r} by {conflict.author} {end}; "
            "--overwrite-drafts allows it",
            file=sys.stderr,
        )


async def _import(
    config: Config, imported: Imported, options: tuple[bool, bool, bool]
) -> tuple[Report, bool]:
    """Return what the import does, and whether it was done."""
    dry_run, publish, overwrite = options
    async with opened(config) as db:
        imported = await db.read(imports.filled, imported)
        base = await db.read(imports.base)
        report = compare(imported, base.live, base.drafts)
        contents = imports.chosen(imported, report, keep_drafts=False)
        if not contents or dry_run or (report.conflicts and not overwrite):
            return report, False
        marks = [mark for key, mark in base.marks.items() if key in contents]
        await imports.write(db, contents, marks, utc_now(), "imported" if publish else None)
        return report, True


@app.command("export")
def export_file(
    file: Annotated[Path, typer.Argument(help="Where to; its ending says the format.")],
    config: ConfigPath = DEFAULT,
) -> None:
    """Write the live entries into a file that `import` reads again."""
    try:
        entries = wait(_live(read_config(config)))
        file.write_bytes(exporter.write(file.suffix.lower(), entries))
    except exporter.UnknownFormat as problem:
        print(f"yingda: {problem}", file=sys.stderr)
        raise typer.Exit(2) from None
    except OSError as problem:
        print(f"yingda: {file}: {problem.strerror}", file=sys.stderr)
        raise typer.Exit(2) from None
    print(f"wrote {len(entries)} entries to {file}")


async def _live(config: Config) -> list[Entry]:
    async with opened(config) as db:
        return await db.read(stored.live)


@app.command()
def ask(
    text: Annotated[str, typer.Argument(help="What a customer would write.")],
    inbox: Annotated[
        str | None, typer.Option(help="As if written on this inbox; all know the same today.")
    ] = None,
    as_json: AsJson = False,  # noqa: FBT002 - typer makes it a flag
    config: ConfigPath = DEFAULT,
) -> None:
    """Say what the bot would make of a question, and why."""
    settings = read_config(config)
    if inbox is not None and settings.inboxes and inbox not in settings.inboxes:
        raise BadConfig(f"there is no inbox {inbox!r}; there are {', '.join(settings.inboxes)}")
    decision = _ask(settings, wait(_everything(settings)), text)
    if as_json:
        told = {"text": text, "normalized": decision.normalized, "tokens": list(decision.tokens)}
        print(json.dumps({**told, **decision.explain()}, ensure_ascii=False))
        return
    _tell(decision)


async def _everything(config: Config) -> tuple[dict[str, float], tuple[Entry, ...]]:
    async with opened(config) as db:
        _, thresholds, entries = await db.read(stored.everything)
    return thresholds, entries


def _ask(config: Config, known: tuple[Mapping[str, float], Iterable[Entry]], text: str) -> Decision:
    """Decide as for a customer of whom nothing is known, by the thresholds that were applied."""
    thresholds, entries = known
    all_thresholds = {**config.faq.category_thresholds, **thresholds}
    settings = config.faq.model_copy(update={"category_thresholds": all_thresholds})
    encoder = _encoder(settings, config.data_dir / "faq")
    tokens = Tokens(config.data_dir / "faq" / "jieba")
    matcher = ModeMatcher.build(valid(entries, utc_now()), settings, tokens, encoder)
    return admitted(matcher.decide(text), (), 0, utc_now())


def _encoder(config: FaqConfig, folder: Path | None = None) -> CachedEncoder | None:
    encoder = encoders.load(folder) if config.encoder == "auto" else None
    return None if encoder is None else CachedEncoder(encoder, folder)


def _tell(decision: Decision) -> None:
    print(
        f"{decision.band.value}  confidence {decision.confidence:.3f}  route {decision.route}  "
        f"{decision.cpu_ms:.1f} ms"
    )
    for candidate in decision.candidates:
        print(f"  {candidate.score:.3f}  {candidate.entry.id}  {candidate.matched}")


@app.command()
def evaluate(
    faq: Annotated[Path, typer.Option(help="The entries, JSONL.")],
    queries: Annotated[Path, typer.Option(help="Labelled queries, JSONL: text, faq_id.")],
    calibrate: Annotated[
        Path | None, typer.Option(help="Labelled queries to fit the models to first.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write one prediction a line here.")] = None,
    report: Annotated[
        Path | None, typer.Option(help="A folder for figures, curves (SVG) and worst errors.")
    ] = None,
    as_json: AsJson = False,  # noqa: FBT002 - typer makes it a flag
    config: ConfigPath = DEFAULT,
) -> None:
    """Measure the matcher on any set of labelled queries."""
    try:
        figures, judged = _evaluate(read_config(config).faq, (faq, queries), calibrate)
        if out is not None:
            out.write_text(_lines(one.line() for one in judged), encoding="utf-8")
        if report is not None:
            _write_report(report, figures, judged)
    except (ValueError, OSError) as problem:
        print(f"yingda: {problem}", file=sys.stderr)
        raise typer.Exit(2) from None
    if as_json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        print(f"{name:24}{value:10.4f}" if isinstance(value, float) else f"{name:24}{value:>10}")


@app.command()
def learn(
    queries: Annotated[Path, typer.Argument(help="Labelled queries, JSONL: text, faq_id.")],
    config: ConfigPath = DEFAULT,
) -> None:
    """Let the service learn from labelled queries, as `evaluate --calibrate` does to measure."""
    try:
        known = [(one.text, one.faq_id) for one in evaluation.read_queries(queries)]
        file = labels.write(read_config(config).data_dir / "faq", known)
    except (ValueError, OSError) as problem:
        print(f"yingda: {problem}", file=sys.stderr)
        raise typer.Exit(2) from None
    print(f"{len(known)} labelled queries in {file}: learnt when the service starts next")


def _evaluate(
    config: FaqConfig, files: tuple[Path, Path], dev: Path | None
) -> tuple[dict[str, Any], list[Judgement]]:
    entries = importer.read_jsonl_entries(files[0])
    labelled = evaluation.read_queries(files[1])
    begun = time.process_time()
    matcher = HybridMatcher.build(entries, config, Tokens(), _encoder(config))
    built = time.process_time()
    known = [] if dev is None else evaluation.read_queries(dev)
    matcher = evaluation.calibrate(matcher, known)
    fitted = time.process_time()
    judged = evaluation.judge_all(matcher, labelled)
    figures = {
        "version": matcher.version,
        **evaluation.report(judged),
        "build_cpu_s": built - begun,
        "calibrate_cpu_s": fitted - built,
        "memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    return figures, judged


def _write_report(folder: Path, figures: dict[str, Any], judged: list[Judgement]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, picture in evaluation.charts(judged).items():
        (folder / name).write_text(picture, encoding="utf-8")
    (folder / "figures.json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    (folder / "worst.jsonl").write_text(_lines(evaluation.worst(judged)), encoding="utf-8")


def _lines(rows: Iterable[dict[str, Any]]) -> str:
    return "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows)
