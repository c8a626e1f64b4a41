"""What becomes of each writer's files in the corpus, as a table: `python -m tests.bench corpus`."""

import shutil
import warnings
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.corpus.changes import BROKEN, KINDS
from tests.corpus.differences import (
    DECLARED,
    SCREEN,
    SEEN_OTHERWISE,
    asked_in_vain,
    corpus,
    declared,
    differences,
    in_one_process,
    outcome,
)
from tests.corpus.readings import of_libreoffice
from tests.corpus.resaving import SAVERS, clean_workbooks, put_into, said_of
from tests.corpus.writers import WRITERS

FILES = 2_200
KIND_OF = {way.name: kind for kind, ways in KINDS.items() for way in ways}


def measure_corpus() -> list[str]:
    """The section for docs/benchmark.md: two minutes, three of LibreOffice's."""
    warnings.simplefilter("ignore")  # openpyxl warns of what it leaves out
    files = list(corpus(FILES))
    allowed = [file for file in files if not file.way.refused]
    with TemporaryDirectory() as folder:
        every = {file.name: file.data for file in allowed}
        shown = of_libreoffice(every, Path(folder) / "office") if shutil.which("soffice") else {}
    became, met, opened = Counter[tuple[str, str, str]](), Counter[str](), Counter[str]()
    asked, in_vain = Counter[str](), 0
    for file in files:
        own, in_process = in_one_process(file)
        readings = {**in_process, SCREEN: shown.get(file.name)}
        kind = "broken" if KIND_OF[file.way.name] == BROKEN else "allowed"
        became[file.writer.name, kind, outcome(file, own, readings).partition(":")[0]] += 1
        opened.update(reader for reader, cells in readings.items() if cells)
        met.update(found.name for each in differences(file, own, readings) if (found := declared(each)))
        asked.update(own.asked.values())
        in_vain += sum(1 for _ in asked_in_vain(file, own, readings))
    return [
        *_head(len(files), opened),
        *_by_writer(became),
        "",
        *_questions(asked, in_vain),
        "",
        *_exceptions(met),
        "",
        *_saved_again(),
    ]


def _head(count: int, opened: Counter[str]) -> list[str]:
    compared = ", ".join(f"{reader} {number}" for reader, number in opened.most_common())
    return [
        "## Workbooks of other programs",
        "",
        f"{count} small workbooks, each by one of {len(WRITERS)} writers in one of {len(KIND_OF)} ways "
        "(decision 0048),",
        f"read by us and compared with whoever opens them: {compared}. Allowed: names, parts, XML, cells or archive",
        "are written as the standards allow; broken: something is wrong on purpose, and the rule that must say so "
        "is known.",
        "",
    ]


def _by_writer(became: Counter[tuple[str, str, str]]) -> list[str]:
    lines = [
        "| writer | how | allowed: read | asked | refused | broken: refused | wrong |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for writer in WRITERS:
        allowed = [became[writer.name, "allowed", each] for each in ("read", "asked", "refused")]
        wrong = sum(became[writer.name, kind, "wrong"] for kind in ("allowed", "broken"))
        cells = [writer.name, writer.how, *allowed, became[writer.name, "broken", "refused"], wrong]
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return lines


def _questions(asked: Counter[str], in_vain: int) -> list[str]:
    return [
        f"What is asked about the cells; where the screen shows what is read, {SEEN_OTHERWISE} is asked of {in_vain}.",
        "",
        "| question | cells |",
        "| --- | ---: |",
        *(f"| {rule} | {count} |" for rule, count in asked.most_common()),
    ]


def _exceptions(met: Counter[str]) -> list[str]:
    return [
        "What may differ from other readers:",
        "",
        "| exception | readers | cells | why | example |",
        "| --- | --- | ---: | --- | --- |",
        *(
            f"| {each.name} | {', '.join(each.readers)} | {met[each.name]} | {each.reason} | {each.example} |"
            for each in DECLARED
        ),
    ]


def _saved_again() -> list[str]:
    """The clean samples saved by each program that is installed: what is said of them then and was not before."""
    with TemporaryDirectory() as folder:
        files = put_into(Path(folder) / "sent", clean_workbooks())
        before = {file: said_of(file.read_bytes()) for file in files}
        lines = []
        for saver in (saver for saver in SAVERS if saver.is_installed):
            out = Path(folder) / saver.name
            out.mkdir()
            saver.run(files, out)
            after = {file: said_of((out / file.name).read_bytes()) for file in files}
            more = [finding for file in files for finding in after[file].findings - before[file].findings]
            refused = sum(rule.startswith("file.") for rule, *_ in more)
            others = sum(after[file].values != before[file].values for file in files)
            cells = [saver.name, len(files), sum(len(said.values) for said in after.values()), refused]
            lines.append(f"| {' | '.join(map(str, [*cells, len(more) - refused, others]))} |")
    return [
        f"The {len(files)} clean workbooks of the sample, opened and saved by each program that installs here:",
        "",
        "| program | workbooks | values | refused | asked | with another value |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
        *lines,
    ]
