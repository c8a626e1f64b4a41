"""Whose numbers are in a file: last year's sent again, or another's.

A file's numbers (of its forms) are held against those of the year before: its own respondent's, and, of a file that is
far from its own, everybody else's. What is found is a cause: it takes the other warnings about the file.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import polars as pl

from sources.audit.roots import with_members
from sources.declarations.contract import load_contracts
from sources.declarations.headings import COVER_SHEET
from sources.declarations.pack import Pack
from sources.declarations.rule import load_intake_rules
from sources.submission.cell import CellAddress
from sources.submission.finding import Finding, intake_finding

RESENT, OF_ANOTHER = "cause.last_year_resent", "cause.contents_of_another"
CONTENT_CAUSES = (RESENT, OF_ANOTHER)
NUMBERS_SCHEMA: dict[str, pl.DataType] = {
    "submission_id": pl.String(),
    "respondent_code": pl.String(),
    "sheet": pl.String(),
    "record": pl.Int64(),
    "column_name": pl.String(),
    "cell": pl.String(),
    "value": pl.Float64(),
}
"""Numbers that stand in the same place every year: of forms, and of tables with fixed rows. `sheet` is the title. As
floats: they are compared, nothing is made of them."""
PLACE = ["sheet", "record", "column_name"]
ALIKE = 0.08
"""How far the numbers of two years may be from each other, as a difference of logarithms, to be one school's."""
UNLIKE, UNLIKE_BY_FEW, MANY = 0.1, 0.2, 20
"""How far they are at least from the school's own; by fewer numbers than MANY, more is asked."""
TIMES_CLOSER, CLOSER_SHARE = 3, 0.8
EXCEPT_FOR = ("", "除一格外", "除两格外", "除三格外")
MOST_CHANGED, CHANGED_SHARE = len(EXCEPT_FOR) - 1, 0.1
"""Of a file that was sent again: how many cells differ from last year's at most."""


def numbers_of(pack: Pack, cells: pl.DataFrame, respondents: Mapping[str, str]) -> pl.DataFrame:
    """The numbers among cells that can be compared, a frame of NUMBERS_SCHEMA; `respondents` by submission id.

    `cells`: submission_id, sheet, record, column_name, cell, raw_text.
    """
    places = [
        (contract.name, column.name, contract.title)
        for contract in load_contracts(pack)
        if contract.name != "cover" and (contract.shape == "form" or contract.rows)
        for column in contract.columns
        if column.is_number
    ]
    known = pl.DataFrame(
        places, schema={"sheet": pl.String, "column_name": pl.String, "title": pl.String}, orient="row"
    )
    value = pl.col("raw_text").str.replace_all(",", "").str.strip_chars().cast(pl.Float64, strict=False)
    respondent = pl.col("submission_id").replace_strict(respondents, default=None, return_dtype=pl.String)
    return (
        cells.join(known, on=["sheet", "column_name"])
        .with_columns(value=value, respondent_code=respondent)
        .drop("sheet")
        .rename({"title": "sheet"})
        .select(*NUMBERS_SCHEMA)
        .drop_nulls(["value", "respondent_code"])
        .filter(pl.col("value") > 0)
    )


def content_findings(
    numbers: pl.DataFrame,
    before: pl.DataFrame,
    files: Mapping[str, str],
    names: Mapping[str, str],
    city_of: Mapping[str, str],
) -> list[Finding]:
    """Files that hold last year's numbers, or those that another respondent of the same city had last year.

    `numbers` and `before` are of NUMBERS_SCHEMA, this year's files and the respondents' last year; `files`: their
    names by submission id; `names` of respondents, and the city that each lies in, by code.
    """
    found = [*_resent(numbers, before, files)]
    resent = [finding.address.submission_id for finding in found]
    others = numbers.filter(~pl.col("submission_id").is_in(resent))
    return [*found, *_of_another(others, before, files, names, city_of)]


def taking_warnings(causes: Iterable[Finding], findings: Sequence[Finding]) -> list[Finding]:
    """The findings, the warnings about the file of a cause in it; the cause comes first."""
    told: list[Finding] = []
    left = list(findings)
    for cause in causes:
        taken = tuple(each for each in left if is_taken(each, cause))
        left = [each for each in left if not is_taken(each, cause)]
        told.append(with_members(cause, taken))
    return [*told, *left]


def is_taken(finding: Finding, cause: Finding) -> bool:
    """Whether the finding may be there because of the cause: any warning about a number of that file."""
    same_file = finding.address.submission_id == cause.address.submission_id
    return same_file and finding.severity == "warning" and finding.address.cell is not None


def _resent(this: pl.DataFrame, last: pl.DataFrame, files: Mapping[str, str]) -> Iterator[Finding]:
    """Files of which all numbers but a few are last year's, and which have no others."""
    key = ["respondent_code", *PLACE]
    owner = this.select("respondent_code", "submission_id").unique()
    both = this.drop("submission_id").join(
        last.drop("submission_id"), on=key, how="full", suffix="_before", coalesce=True
    )
    known = last.select("respondent_code").unique()
    same = (pl.col("value") == pl.col("value_before")).fill_null(False)
    place = pl.struct("sheet", cell=pl.coalesce("cell", "cell_before"))
    counted = (
        both.join(known, on="respondent_code")
        .join(owner, on="respondent_code")
        .group_by("submission_id")
        .agg(n=pl.len(), changed=(~same).sum(), places=place.filter(~same))
        .filter(pl.col("n") >= load_intake_rules()[RESENT].least)
        .filter((pl.col("changed") <= MOST_CHANGED) & (pl.col("changed") <= pl.col("n") * CHANGED_SHARE))
        .sort("submission_id")
    )
    for row in counted.iter_rows(named=True):
        places = "、".join(sorted(f"“{at['sheet']}”{at['cell']}" for at in row["places"]))
        told = f"，不同的是{places}" if places else ""
        except_for = EXCEPT_FOR[row["changed"]]
        yield _of_file(RESENT, row["submission_id"], files, count=row["n"], except_for=except_for, places=told)


def _of_another(
    this: pl.DataFrame,
    last: pl.DataFrame,
    files: Mapping[str, str],
    names: Mapping[str, str],
    city_of: Mapping[str, str],
) -> Iterator[Finding]:
    """Only files that are far from their own last year are held against others, and only against those of their city,
    where files are mixed up: in a nation all against all would be a hundred million pairs."""
    least = load_intake_rules()[OF_ANOTHER].least
    before = last.select("respondent_code", *PLACE, own="value")
    own = this.join(before, on=["respondent_code", *PLACE]).with_columns(from_own=_distance("own"))
    far = own.group_by("submission_id").agg(n=pl.len(), middle=pl.col("from_own").median())
    far = far.filter((pl.col("n") >= least) & (pl.col("middle") >= UNLIKE))
    if far.is_empty():
        return
    suspects = own.join(far.select("submission_id"), on="submission_id", how="semi")
    held, from_other = _held_against_others(suspects, last, city_of), pl.col("from_other")
    unlike = pl.when(pl.col("n") < MANY).then(UNLIKE_BY_FEW).otherwise(UNLIKE)
    found = (
        held.filter(pl.col("n") >= least)
        .filter(pl.col("closer") >= pl.col("n") * CLOSER_SHARE)
        .filter((from_other <= ALIKE) & (pl.col("from_own") >= unlike))
        .filter(pl.col("from_own") >= from_other * TIMES_CLOSER)
        .sort("submission_id", "from_other", "other")
        .unique("submission_id", keep="first", maintain_order=True)
    )
    for row in found.iter_rows(named=True):
        texts = {"closer": row["closer"], "other": names[row["other"]]}
        yield _of_file(OF_ANOTHER, row["submission_id"], files, count=row["n"], **texts)


def _held_against_others(suspects: pl.DataFrame, last: pl.DataFrame, city_of: Mapping[str, str]) -> pl.DataFrame:
    """One row a file and other respondent of its city: submission_id, other, n numbers compared, how many are closer to
    the other's, and the median distances from_other and from_own."""
    city = pl.col("respondent_code").replace_strict(city_of, default=None, return_dtype=pl.String)
    others = last.select(*PLACE, other="respondent_code", others="value", city=city)
    return (
        suspects.with_columns(city=city)
        .join(others, on=[*PLACE, "city"])
        .filter(pl.col("respondent_code") != pl.col("other"))
        .with_columns(from_other=_distance("others"))
        .group_by("submission_id", "other")
        .agg(
            n=pl.len(),
            closer=(pl.col("from_other") < pl.col("from_own")).sum(),
            from_other=pl.col("from_other").median(),
            from_own=pl.col("from_own").median(),
        )
    )


def _distance(from_: str) -> pl.Expr:
    return (pl.col("value").log() - pl.col(from_).log()).abs()


def _of_file(rule_id: str, submission_id: str, files: Mapping[str, str], **texts: object) -> Finding:
    """The finding about a file as a whole. Its value is how much was compared: with another, another question."""
    at = CellAddress(submission_id, files[submission_id], COVER_SHEET)
    return intake_finding(rule_id, at, f"{texts['count']} 个数", **texts)
