"""A partner enterprise's report (企业年报) as Word file and PDF, in the styles of the region's own template.

Its sentences are few: what an enterprise has to tell, it writes itself, where the hints of the Word file ask for it.
"""

import io
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import docx
from docx.document import Document
from docx.enum.text import WD_BREAK
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.text.paragraph import Paragraph

from sources.declarations.contract import Column
from sources.system.fixed_zip import with_fixed_times
from sources.system.kept_parts import NOTHING_KEPT, KeptParts
from sources.system.plain_text import legible
from warehouse.catalogue.enterprise_chapters import EnterpriseReportDeclaration
from warehouse.figures.enterprise_figures import EnterpriseFigures
from warehouse.figures.rounding import trimmed_text
from warehouse.figures.table_notes import NOT_REPORTED
from warehouse.release.documents.pdf import write_pdf
from warehouse.release.documents.report_draft import BODY_STYLE, HINT_STYLE, NOTE_STYLE, TITLE_STYLE
from warehouse.release.documents.wordml import CENTRE_STYLE, HEAD_STYLE, LEFT_STYLE, edit_margins, say_instead
from warehouse.release.documents.words import unit_word

TABLE_STYLE = "报告表格"
LINES = ("项目", "单位", "本年度", "上年度", "填报学校数")
WHERE = "数字出处"
COLUMNS_ACROSS = 5


def write_enterprise_report(
    figures: EnterpriseFigures,
    declared: EnterpriseReportDeclaration,
    columns: Sequence[Column],
    template: Path,
    folder: Path,
    name: str,
    released_on: date,
    kept: KeptParts = NOTHING_KEPT,
) -> tuple[Path, ...]:
    """Writes a Word file, which has hints to whoever writes on in it, and a PDF without them into the folder; the same
    figures give the same bytes.

    Raises ValueError for a template that has lost a style.
    """
    by_name = {column.name: column for column in columns}

    def drawn(has_hints: bool) -> bytes:
        return _document(figures, declared, by_name, template, released_on, has_hints)

    files = {".docx": drawn(True), ".pdf": write_pdf(drawn(False), released_on, kept)}
    for suffix, data in files.items():
        (folder / f"{name}{suffix}").write_bytes(data)
    return tuple(folder / f"{name}{suffix}" for suffix in files)


def title_of(figures: EnterpriseFigures) -> str:
    return f"{figures.name}参与{figures.region}中等职业教育年度报告"


def _document(
    figures: EnterpriseFigures,
    declared: EnterpriseReportDeclaration,
    columns: dict[str, Column],
    template: Path,
    released_on: date,
    has_hints: bool,
) -> bytes:
    # Long: the document from its cover to its last table.
    document, cover = _emptied(template)
    title, year = legible(title_of(figures)), figures.report_year
    for text, style in (
        (title, "封面标题"),
        (f"（{year}年度）", "封面年度"),
        (figures.name, "封面落款"),
        (f"{released_on.year}年{released_on.month}月{released_on.day}日", "封面落款"),
    ):
        cover.insert_paragraph_before(legible(text), style)
    _say(document, "说明", "附录标题")
    _say(document, _about(figures), BODY_STYLE)
    if not declared.verified:
        _say(document, f"章节未核实：{declared.source}。", NOTE_STYLE)
    for chapter in declared.chapters:
        asked = [columns[of] for of in chapter.columns if of not in figures.not_asked]
        if not asked and not has_hints:
            continue  # nobody has written it
        _say(document, chapter.heading, "Heading 1")
        if sentence := _sentence(figures, asked):
            _say(document, sentence, BODY_STYLE)
        if has_hints:
            _say(document, f"【编写提示】请写：{chapter.asks}。", HINT_STYLE)
        if asked:
            lines = [_line(figures, column) for column in asked]
            _table(document, f"{chapter.heading}情况", LINES, lines)
            if note := _note(figures, asked, any(NOT_REPORTED in line for line in lines)):
                _say(document, note, NOTE_STYLE)
    _say(document, "各校填报的数", "附录标题")
    for part in _in_parts([column for column in columns.values() if column.name not in figures.not_asked]):
        heads = ("学校", *(column.heading for column in part))
        rows = [(school.name, *(_shown(school.values[of.name]) for of in part)) for school in figures.schools]
        totals = ("合计", *(_shown(figures.total(of.name)) for of in part))
        _table(document, "各校填报的数", heads, [*rows, totals])
    _table(document, WHERE, ("学校", "文件和单元格"), [(school.name, school.cells) for school in figures.schools])
    for margin in (margin for section in document.sections for margin in (section.header, section.footer)):
        for paragraph in (each for each in margin.paragraphs if "{{" in each.text):
            say_instead(paragraph, title)
    edit_margins(document, str, figures.origin_note)
    return _saved(document, title, legible(figures.name), released_on)


def _about(figures: EnterpriseFigures) -> str:
    code = f"统一社会信用代码 {figures.credit_code}" if figures.credit_code else "学校没有填统一社会信用代码"
    place = f"，所在地：{figures.location}" if figures.location else ""
    named = "、".join(school.name for school in figures.schools)
    not_asked = f"{figures.report_year}年度的“合作企业”表没有采集投入、导师、学生等各栏。" if figures.not_asked else ""
    return (
        f"{figures.name}（{code}{place}）。{figures.report_year}年度，{figures.region}有 {len(figures.schools)} 所"
        f"中等职业学校填报与该企业合作：{named}。本报告的数字由这些学校“合作企业”表中该企业的一行相加得出，没有另行采集。{not_asked}"
    )


def _sentence(figures: EnterpriseFigures, asked: Sequence[Column]) -> str:
    """What the numbers say; '' when there are none."""
    said = [
        f"{column.label} {trimmed_text(total)} {unit_word(column.unit or '')}".rstrip()
        for column in asked
        if (total := figures.total(column.name)) is not None
    ]
    return f"{figures.report_year}年度，{'，'.join(said)}。" if said else ""


def _line(figures: EnterpriseFigures, column: Column) -> tuple[str, ...]:
    told = len(figures.schools) - len(figures.silent(column.name))
    return (
        column.label,
        column.unit or "",
        _shown(figures.total(column.name)),
        _shown(figures.before[column.name] if figures.before else None),
        f"{told}/{len(figures.schools)}",
    )


def _shown(value: Decimal | None) -> str:
    return NOT_REPORTED if value is None else trimmed_text(value)


def _note(figures: EnterpriseFigures, asked: Sequence[Column], lacks: bool) -> str:
    """What a reader must know of the lines above: who has not told, and what the sign means; '' where all have."""
    notes = [f"“{NOT_REPORTED}”为没有填报，不是零"] if lacks else []
    notes += [
        f"{column.label}没有填的：{'、'.join(silent)}" for column in asked if (silent := figures.silent(column.name))
    ]
    return f"注：{'；'.join(notes)}。" if notes else ""


def _emptied(template: Path) -> tuple[Document, Paragraph]:
    """The template without its text, and the paragraph before which the cover goes."""
    document = docx.Document(str(template))
    body = document.element.body
    for element in list(body):
        is_section = element.tag == qn("w:sectPr") or element.find(f"{qn('w:pPr')}/{qn('w:sectPr')}") is not None
        if not is_section:
            body.remove(element)
    if not document.paragraphs:  # one section: the cover ends with its page
        document.add_paragraph().add_run().add_break(WD_BREAK.PAGE)
    ends = document.paragraphs[0]
    for run in list(ends.runs):
        if run.text:
            run.text = ""
    return document, ends


def _say(document: Document, text: str, style: str) -> Paragraph:
    return document.add_paragraph(legible(text), style)


def _table(document: Document, title: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A table under its title; its first row is repeated on every page, and no row is split."""
    _say(document, title, TITLE_STYLE)
    lines = [tuple(heads), *map(tuple, rows)]
    table = document.add_table(len(lines), len(heads), TABLE_STYLE)
    for number, line in enumerate(lines):
        properties = table.rows[number]._tr.get_or_add_trPr()
        properties.append(parse_xml(f"<w:cantSplit {nsdecls('w')}/>"))
        if number == 0:
            properties.append(parse_xml(f"<w:tblHeader {nsdecls('w')}/>"))
        for position, text in enumerate(line):
            style = HEAD_STYLE if number == 0 else LEFT_STYLE if position == 0 else CENTRE_STYLE
            paragraph = table.cell(number, position).paragraphs[0]
            paragraph.style = document.styles[style]
            paragraph.add_run(legible(text))


def _in_parts(columns: Sequence[Column]) -> list[Sequence[Column]]:
    """So many at a time that their headings can be read across a page."""
    return [columns[at : at + COLUMNS_ACROSS] for at in range(0, len(columns), COLUMNS_ACROSS)]


def _saved(document: Document, title: str, author: str, released_on: date) -> bytes:
    properties = document.core_properties
    properties.title, properties.subject, properties.comments, properties.revision = title, "草稿", "", 1
    properties.author = properties.last_modified_by = author
    properties.created = properties.modified = datetime(released_on.year, released_on.month, released_on.day)
    target = io.BytesIO()
    document.save(target)
    return with_fixed_times(target.getvalue())
