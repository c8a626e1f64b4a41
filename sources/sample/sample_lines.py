"""The lines of the files in `samples/`: headings, codes and names checked before anything is made from them."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from sources.declarations.city import City, codelists_of
from sources.declarations.contract import Contract, load_contracts
from sources.declarations.misfit import Misfit
from sources.declarations.pack import Pack
from sources.declarations.problem import DeclarationError, Problem, meant
from sources.declarations.strict_csv import line_problem, read_strictly

Line = dict[str, str]
Words = Mapping[str, Sequence[str]]
"""Heading → the words that may stand under it, "" among them where it may be blank. Other headings take any text."""
PROVENANCE = {
    "published": "the report prints this value for this respondent",
    "apportioned": "the report prints a total, or one value for all; this is the respondent's part of it",
    "derived": "follows from printed figures",
    "placeholder": "the form needs a value or a name that the report does not give; it changes nothing printed",
}
ORIGIN_OF = {"published": "printed", "apportioned": "spread", "derived": "spread", "placeholder": "made_up"}
"""Provenance → the origin of the value in the workbook (`sources/declarations/origin.py`)."""
VALUE_FIELDS = ("respondent", "row", "item", "value", "provenance", "source")
RECORD_FIELDS = ("respondent", "provenance", "source")
"""Of a line that is a record, beside the columns of its sheet."""


def has_one_line_a_value(contract: Contract) -> bool:
    return contract.shape == "form" or contract.rows is not None


def read_lines_of(path: Path, contract: Contract, city: City) -> list[tuple[int, Line]]:
    """(number, line) of what respondents report in a sheet; none when there is no such file.

    Raises DeclarationError for a heading, respondent, row, item, code or provenance that is not declared.
    """
    lists = codelists_of(city)
    words = {"respondent": [each.code for each in city.respondents], "provenance": list(PROVENANCE)}
    if has_one_line_a_value(contract):
        rows = [code.code for code in lists[contract.rows].codes] if contract.rows else [""]
        words |= {"row": rows, "item": [column.name for column in contract.columns]}
        return read_checked(path, VALUE_FIELDS, lambda line: words | _words_of_value(line, contract, city))
    words |= {
        each.name: ["", *(code.code for code in lists[each.codelist].codes)]
        for each in contract.columns
        if each.codelist
    }
    needed = [column.name for column in contract.columns if column.blank == "error"]
    others = [column.name for column in contract.columns if column.blank != "error"]
    return read_checked(path, [*RECORD_FIELDS, *needed], lambda line: words, others)


def read_checked(
    path: Path, headings: Sequence[str], words_of: Callable[[Line], Words], optional: Sequence[str] = ()
) -> list[tuple[int, Line]]:
    """(number, line) of a file, none when there is none; `words_of` a line says what may stand in it.

    Raises DeclarationError, in Chinese, with every line that holds something else, and the nearest that may stand.
    """
    if not path.exists():
        return []
    lines = list(read_strictly(path, headings, optional))
    problems = [
        line_problem(
            path, number, Misfit((heading,), f"“{heading}”不能是“{line[heading]}”{meant(line[heading], known)}")
        )
        for number, line in lines
        for heading, known in words_of(line).items()
        if heading in line and line[heading] not in known
    ]
    if problems:
        raise DeclarationError(problems)
    return lines


def wrong_value(path: Path, number: int, heading: str, text: str, wanted: str) -> Problem:
    return line_problem(path, number, Misfit((heading,), f"“{heading}”应当是{wanted}，不能是“{text}”"))


def columns_of(pack: Pack, sheet: str) -> list[str]:
    """The columns of a sheet; none of one that is not declared."""
    return [column.name for contract in load_contracts(pack) if contract.name == sheet for column in contract.columns]


def _words_of_value(line: Line, contract: Contract, city: City) -> dict[str, list[str]]:
    """The codes that may stand under `value`, when the line's item takes codes."""
    taken = [column.codelist for column in contract.columns if column.name == line["item"] and column.codelist]
    return {"value": ["", *(code.code for code in codelists_of(city)[taken[0]].codes)]} if taken else {}
