"""The commands, and how they end: with 0 when done, otherwise with one message.

What a command draws with is imported when it runs: a forward pass and a table need no matplotlib.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from lore import files
from lore.errors import Mistake
from lore.interpreter import end_without

if TYPE_CHECKING:
    from lore.findings import Scale

RUNS = "what lore run -o wrote, or a file of lore collect"


def beside(first: Path) -> Path:
    """Where results go unless -o says so: the directory, or that of the file."""
    return first.parent if first.is_file() else first


def try_output(path: Path) -> None:
    """What cannot be written is said before anything is read and drawn. Leaves nothing."""
    try:
        if path.exists():
            path.open("ab").close()
        else:
            tempfile.TemporaryFile(dir=path.parent).close()
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from None


def add_figures(parser: argparse.ArgumentParser) -> None:
    from lore.figures import FIGURES
    parser.add_argument("name", help=", ".join(FIGURES))
    parser.add_argument("directory", type=Path, nargs="+", help=f"{RUNS}; or a directory of several of these")
    parser.add_argument("-o", "--output", type=Path, help="picture (default: figNAME.png in the first DIR)")


def run_figures(arguments: argparse.Namespace) -> None:
    from lore.figures import FIGURES, draw
    name = str(arguments.name).removeprefix("fig")
    name = name if name in FIGURES else name.upper()
    if name not in FIGURES:
        raise Mistake(f"there is no figure '{arguments.name}'; figures are {', '.join(FIGURES)}")
    picture: Path = arguments.output or beside(arguments.directory[0]) / f"fig{name}.png"
    if picture.suffix not in (".png", ".pdf", ".svg"):
        raise Mistake(f"{picture}: a picture is a .png, .pdf or .svg")
    if arguments.output or picture.parent.exists():  # else what is missing is a study
        try_output(picture)
    sheet = draw(name, files.open_study(*arguments.directory), picture)
    for line in sheet.notes:
        print(f"figure {name}: {line}", file=sys.stderr)
    print(f"{picture} {files.numbers_beside(picture)}")


def add_findings(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("directory", type=Path, nargs="*", help=f"{RUNS}; or a directory of several of these, a scale")
    parser.add_argument("-o", "--output", type=Path, help="Markdown file (default: findings.md in the first DIR)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the decisive numbers, with all digits, to FILE")
    parser.add_argument("--criteria", action="store_true", help="print how each finding is decided")
    parser.set_defaults(usage_error=parser.error)


def open_scales(paths: Sequence[Path]) -> list[Scale]:
    """Each directory of studies is a scale, named after it; studies themselves are one scale together."""
    from lore.findings import Scale
    inside = {path: files.studies_in(path) for path in paths}
    if not any(inside.values()):
        return [Scale("", [files.open_study(path) for path in paths])]
    for path in paths:
        if not path.exists():
            raise Mistake(f"{path}: no such file or directory")
        if not inside[path]:
            scale = next(other for other, studies in inside.items() if studies)
            raise Mistake(f"{path} is one study, {scale} a directory of several: give either studies, which are looked at "
                          "together, or directories of studies, one for each scale")
    names = [path.resolve().name for path in inside]
    titles = [name if names.count(name) == 1 else str(path) for name, path in zip(names, inside)]
    return [Scale(title if len(titles) > 1 else "", [files.open_study(study) for study in studies])
            for title, studies in zip(titles, inside.values())]


def run_findings(arguments: argparse.Namespace) -> None:
    from lore import findings
    if arguments.criteria:
        print(findings.criteria())
        return
    if not arguments.directory:
        arguments.usage_error("name at least one directory of runs")
    output: Path = arguments.output or beside(arguments.directory[0]) / "findings.md"
    if arguments.output or output.parent.exists():
        try_output(output)
    if arguments.json:
        try_output(arguments.json)
    scales = open_scales(arguments.directory)
    table = findings.decide_all(scales)
    text = findings.report(scales, table)
    output.write_text(text, encoding="utf-8")
    if arguments.json:
        arguments.json.write_text(json.dumps(findings.numbers_of(table), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(text)
    print(output)


def add_probe(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("directory", type=Path, help="what lore run -o wrote and lore probe looked at")
    parser.add_argument("--run", help="only this run")
    parser.add_argument("-o", "--output", type=Path, help="picture (of one run)")


def run_probe(arguments: argparse.Namespace) -> None:
    from lore.figures import probe
    directory: Path = arguments.directory
    folders = files.find_probes(directory, arguments.run)
    if arguments.output and len(folders) > 1:
        raise Mistake("-o is for one picture, and there are several runs: choose one with --run")
    toys = [folder for folder in folders if files.is_toy(folder)]
    if toys:
        picture = arguments.output or directory / "probe.png"
        try_output(picture)
        probe.draw_capacity(toys, directory.name).save(picture)
        print(picture)
    for folder in folders:
        if folder not in toys:
            name = "probe.png" if len(folders) == 1 else f"probe_{folder.name}.png"
            picture = arguments.output or directory / name
            try_output(picture)
            probe.draw(folder).save(picture)
            print(picture)


def add_quickstart(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("directory", type=Path, help="what lore run -o wrote")
    parser.add_argument("-o", "--output", type=Path, help="picture (default: DIR/quickstart.png)")


def run_quickstart(arguments: argparse.Namespace) -> None:
    from lore.figures import quickstart
    dataset = files.open_metrics(files.find_metrics(arguments.directory))
    picture: Path = arguments.output or arguments.directory / "quickstart.png"
    try_output(picture)
    quickstart.draw(dataset).savefig(picture, dpi=150)
    print(picture)


def add_forward(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("checkpoint", type=Path, help="a file of checkpoints/ of a run")
    parser.add_argument("words", help='what comes before: "James John Smith majored in"')


def run_forward(arguments: argparse.Namespace) -> None:
    from lore import forward
    for probability, word in forward.likeliest(files.load(arguments.checkpoint), arguments.words):
        print(f"{probability:.4f}  {word}")


class Command(NamedTuple):
    """`mistake` is the exit code of a user's mistake; the older commands say 1."""
    summary: str
    more: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], None]
    mistake: int


COMMANDS = {
    "figures": Command(
        "Draws a figure of Zucchet et al. 2025 (arXiv 2503.21676) from the runs of its study.",
        "NAME is that of the paper (2, 3, 4, 5, A, C, D, F to X) or \"questions\". The picture goes to DIR/figNAME.png, the "
        "numbers in it to figNAME_numbers.nc beside it. Unfinished runs are drawn as far as they are. doc/figures.md says "
        "which study makes which figure.", add_figures, run_figures, 2),
    "findings": Command(
        "Holds what the paper found against runs: a table of findings with numbers, seeds and intervals.",
        "Several studies are looked at together. Directories of studies (such as data/small) are scales: several of them "
        "are held side by side in one table. Prints the table and writes it as Markdown. Intervals are 95 % intervals over "
        "seeds; with fewer than two seeds nothing is decided.", add_findings, run_findings, 2),
    "probe": Command(
        "Draws what `lore probe` found in one run: where attributes can be read, and when; spectra; names.",
        "The picture goes to DIR/probe.png (of several runs to DIR/probe_<id>.png), the numbers in it to "
        "probe_numbers.nc or probe_<id>_numbers.nc beside it. Toy memories share one picture, DIR/probe.png: what they hold, "
        "and what the best linear map would. doc/probe.md says what the quantities mean.", add_probe, run_probe, 1),
    "quickstart": Command(
        "Draws one run: loss with baseline, accuracy, hallucination on held-out individuals, attention.",
        "After Zucchet et al. 2025 (arXiv 2503.21676), figures 2, 3 and 5.", add_quickstart, run_quickstart, 1),
    "forward": Command(
        "Prints the likeliest next words, by the forward pass of a checkpoint in numpy (doc/checkpoint.md).", "",
        add_forward, run_forward, 1),
}


def end(message: object, code: int) -> NoReturn:
    print(f"lore: error: {message}", file=sys.stderr)
    sys.exit(code)


def run(name: str, words: Sequence[str], prog: str | None = None) -> None:
    """Runs a command; `words` are its arguments, `prog` what the usage calls it (default: the script)."""
    command = COMMANDS[name]
    parser = argparse.ArgumentParser(prog, description=command.summary, epilog=command.more)
    command.add_arguments(parser)
    arguments = parser.parse_args(words)
    try:
        command.run(arguments)
    except Mistake as mistake:
        end(mistake, command.mistake)
    except ImportError as error:
        end_without(error)
    except OSError as error:
        end(f"{error.filename or ''}: {error.strerror or error}", 1)


def main() -> None:
    """python3 -m lore COMMAND ..."""
    parser = argparse.ArgumentParser("python3 -m lore", usage="python3 -m lore [-h] COMMAND ...",
                                     formatter_class=argparse.RawDescriptionHelpFormatter,
                                     description="Figures and findings from LORE's NetCDF files.",
                                     epilog="commands:\n" + "\n".join(f"  {name:<12}{command.summary}"
                                                                      for name, command in COMMANDS.items()))
    parser.add_argument("command", choices=COMMANDS, metavar="COMMAND", help="one of those below; COMMAND --help says more")
    name = parser.parse_args(sys.argv[1:2]).command
    run(name, sys.argv[2:], f"python3 -m lore {name}")
