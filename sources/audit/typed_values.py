"""Text becomes a value of the declared type; where it does not, a finding says so."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal

import polars as pl

from sources.audit.sheet_stack import SheetStack
from sources.declarations.codelist import CodeList
from sources.declarations.contract import Column
from sources.declarations.headings import normalise_label
from sources.submission.finding import Finding, intake_finding
from sources.submission.frames import polars_type

PLACEHOLDERS = frozenset({"无", "没有", "暂无", "空", "/", "\\", "-", "--", "—", "——", "n/a", "na", "null", "x"})
"""What people type instead of leaving a cell blank."""
MAX_DIGITS = 13
"""Before the decimal point. No number of a city has more, and their products and sums stay exact."""
FRACTION = re.compile(r"0?\.[0-9]{1,20}")
SEEN_FORMATS = (
    r"\x{AD}\x{600}-\x{605}\x{61C}\x{6DD}\x{70F}\x{890}\x{891}\x{8E2}\x{200F}\x{FFF9}-\x{FFFB}\x{110BD}\x{110CD}"
)
"""Format characters that change what is seen: a soft hyphen looks like a minus, a mark of direction turns digits."""
UNSEEN = (
    rf"(?:[\p{{Cf}}--[{SEEN_FORMATS}]]"
    r"|[\x{34F}\x{115F}\x{1160}\x{17B4}\x{17B5}\x{180B}-\x{180F}\x{FE00}-\x{FE0F}\x{E0100}-\x{E01EF}])"
)
"""What takes no room on the screen: zero-width characters, selectors of a letter's form."""
THIN_SPACES = r"[\x{2009}\x{202F}]"
MARKS = r"[\p{No}\p{Nl}]"
"""Raised, circled and other digits that mark a footnote or count a list."""
PLAIN, PLAIN_DATE = r"^-?[0-9]+(\.[0-9]+)?$", r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
LIKE_A_DAY = re.compile(r"(19|20)[0-9]{2}[-./年][0-9]{1,2}[-./月][0-9]{1,2}日?")
"""A date as it is written; where it is none, there is no such day."""
TEXT = "__text"
"""Marks the text of a column beside its typed value."""


def typed_column(column: Column, codelists: Mapping[str, CodeList]) -> pl.Expr:
    """Text → the declared type; null where the text is not of that type.

    A number may be written in full-width digits, with thousands separators and its own unit; a date with any
    of the usual signs between year, month and day.
    """
    text = pl.col(column.name)
    normal = _plain(text)
    if column.is_number:
        digits = _digits(column)
        places = rf"(\.[0-9]{{1,{column.decimals}}})?" if column.decimals else ""
        fits = digits.str.contains(rf"^[+-]?[0-9]{{1,{MAX_DIGITS}}}{places}$")
        return pl.when(fits).then(digits).cast(polars_type(column))
    if column.type == "date":
        day = normal.str.replace(r"[ T][0-9]{1,2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?$", "")
        joined = day.str.replace_all(r"[./年月]|\s+", "-").str.replace("日", "")
        return pl.coalesce(
            pl.when(joined.str.contains(r"^(19|20)[0-9]{2}-[0-9]{1,2}-[0-9]{1,2}$"))
            .then(joined)
            .str.to_date("%Y-%m-%d", strict=False),
            pl.when(day.str.contains(r"^(19|20)[0-9]{6}$")).then(day).str.to_date("%Y%m%d", strict=False),
        ).alias(column.name)
    if column.type == "code":
        assert column.codelist is not None
        key = normal.str.replace_all(r"\s+", "").str.to_lowercase()
        mapping = codelists[column.codelist].code_of
        return key.replace_strict(mapping, default=None, return_dtype=pl.String).alias(column.name)
    return normal if column.pattern else text


def _plain(text: pl.Expr) -> pl.Expr:
    """Full-width letters as half-width ones, without what nobody sees: blanks at the ends, zero-width characters."""
    return text.str.normalize("NFKC").str.replace_all(UNSEEN, "").str.strip_chars()


def _digits(column: Column) -> pl.Expr:
    """A number's text without its unit and thousands separators; separators elsewhere stay, and make it no number.

    So does a sign that only looks like a digit in other letters (2591①, 2591²), and a blank: "120 130" may be two
    numbers. A thin space is a separator, because nobody types it between two numbers.
    """
    text = pl.col(column.name)
    digits = _plain(text.str.replace_all(THIN_SPACES, ","))
    digits = pl.when(text.str.contains(MARKS)).then(text).otherwise(digits)
    if column.unit:
        digits = digits.str.strip_suffix(unicodedata.normalize("NFKC", column.unit)).str.strip_chars()
    is_grouped = digits.str.contains(r"^[+-]?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?$")
    return pl.when(is_grouped).then(digits.str.replace_all(",", "")).otherwise(digits)


def normalised_findings(stack: SheetStack, raw: pl.DataFrame, typed: pl.DataFrame) -> Iterator[Finding]:
    """Values that were read although they were not written in the plain way."""
    written = [column for column in stack.columns if column.is_number or column.type == "date" or column.pattern]
    found = _flags(raw, typed, {column.name: _is_odd(column) for column in written})
    for column in (column for column in written if found[column.name].any()):
        for index in found[column.name].arg_true():
            submission_id, record = raw.item(index, "submission_id"), raw.item(index, "record")
            at, value = stack.places.at(submission_id, record, column.name), typed.item(index, column.name)
            yield intake_finding("value.normalised", at.address, at.text, label=column.label, expected=value)


def _is_odd(column: Column) -> pl.Expr:
    """An expression over the typed columns and their texts: whether a value is not written the plain way."""
    value, text = pl.col(column.name), pl.col(column.name + TEXT)
    if column.pattern:
        return (text != value) & value.str.contains(column.pattern)
    return value.is_not_null() & ~text.str.contains(PLAIN_DATE if column.type == "date" else PLAIN)


def _flags(raw: pl.DataFrame, typed: pl.DataFrame, conditions: Mapping[str, pl.Expr]) -> pl.DataFrame:
    """A column of true and false for each condition over typed columns and their texts (marked with TEXT)."""
    texts = raw.select(pl.all().name.suffix(TEXT))
    both = pl.concat([typed, texts], how="horizontal")
    return both.select(condition.fill_null(False).alias(name) for name, condition in conditions.items())


_TYPE_RULES = {
    "integer": "value.not_integer",
    "decimal": "value.not_decimal",
    "date": "value.not_date",
    "code": "value.not_in_codelist",
}


def type_findings(stack: SheetStack, raw: pl.DataFrame, typed: pl.DataFrame) -> Iterator[Finding]:
    """Text that is not of the column's type."""
    is_unread = {c.name: pl.col(c.name).is_null() & pl.col(c.name + TEXT).is_not_null() for c in stack.columns}
    unread = _flags(raw, typed, is_unread)
    for column in (column for column in stack.columns if unread[column.name].any()):
        wrong = raw.filter(unread[column.name])
        too_long = column.is_number & _digits(column).str.contains(rf"^[+-]?[0-9]{{{MAX_DIGITS + 1},}}(\.[0-9]+)?$")
        for submission_id, record, is_too_long in wrong.select("submission_id", "record", x=too_long).iter_rows():
            at = stack.places.at(submission_id, record, column.name)
            rule_id, expected = _type_rule(column, at.text or "", is_too_long, stack.codelists)
            told = intake_finding(rule_id, at.address, at.text, label=column.label, expected=expected)
            is_no_day = column.type == "date" and bool(LIKE_A_DAY.fullmatch((at.text or "").strip()))
            yield replace(told, suggestion="日历上没有这一天：请核对年、月、日") if is_no_day else told


def _type_rule(column: Column, text: str, is_too_long: bool, codelists: Mapping[str, CodeList]) -> tuple[str, object]:
    """The rule that a text of another type breaks, and the expected type."""
    if percentage := _as_percentage(column, text):
        return "value.fraction_of_percent", percentage
    if is_too_long:
        return "value.too_large", "9" * MAX_DIGITS
    is_symbol = column.blank != "error" and normalise_label(text) in PLACEHOLDERS
    plain = "value.scope_unknown" if column.codelist == "scopes" else _TYPE_RULES[column.type]
    rule_id = "value.placeholder" if is_symbol else plain
    if column.codelist:
        return rule_id, "、".join(entry.label for entry in codelists[column.codelist].codes[:12])
    return rule_id, column.decimals


def _as_percentage(column: Column, text: str) -> Decimal | None:
    """The percentage that a fraction was meant to be, when the column is one of percentages."""
    if column.unit != "%" or not FRACTION.fullmatch(text):
        return None
    return round(Decimal(text) * 100, column.decimals or 0)
