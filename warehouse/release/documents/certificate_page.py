"""The printed certificate (回执) of a submission: one page for the school, and what stands behind its number."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from sources.archive.archive import Receipt
from sources.archive.certificates import ROLE_LABELS, Certificate
from sources.declarations.city import City
from sources.declarations.contract import Column, contracts_for
from sources.submission.finding import Finding
from sources.submission.submission import Submission
from sources.system.plain_text import as_typst, cut_short
from warehouse.release.documents.pdf import set_pages

LAYOUT = Path(__file__).parent / "templates" / "certificate.typ"
MAIN_NUMBERS = {
    "students": ("students_full_time", "intake_full_time"),
    "staff": ("staff_total", "teachers_full_time", "teachers_double_qualified"),
    "outcomes": ("graduates", "placed"),
    "conditions": ("campus_area", "floor_area"),
    "funds": ("special_funds",),
}
"""Sheet → columns by which a head knows the school; a respondent whose workbook has none gets no table of them."""
LONGEST_SHOWN = 80
NOT_SAID, NOT_PRINTED = "未填", "—"


@dataclass(frozen=True, slots=True)
class CertifiedNumber:
    """A number of the certified file as it is written there, beside last year's as the template printed it."""

    label: str
    unit: str
    value: str
    last_year: str


@dataclass(frozen=True, slots=True)
class CertificatePage:
    """What the page says; its times are by the installation's calendar. `findings` says what is left of them."""

    number: str
    bureau: str
    respondent: str
    report_year: int
    file_name: str
    sha256: str
    received_at: str
    findings: str
    numbers: tuple[CertifiedNumber, ...]
    signed: tuple[tuple[str, str, str], ...]
    """Role, name, and when."""
    certified_on: date


def certificate_page(
    certificate: Certificate,
    receipt: Receipt,
    submission: Submission,
    findings: Iterable[Finding],
    city: City,
) -> CertificatePage:
    """The page of a certificate: `receipt` and `submission` are those of its file, `findings` what was found in it."""
    zone = ZoneInfo(city.calendar.timezone)
    told = list(findings)
    errors = sum(each.is_error for each in told)
    warnings = [each for each in told if each.severity == "warning"]
    explained = sum(each.explanation is not None for each in warnings)
    respondent = city.in_year(certificate.report_year).respondent_by_code.get(certificate.respondent_code)
    return CertificatePage(
        number=certificate.number,
        bureau=city.name,
        respondent=respondent.name if respondent else certificate.respondent_code,
        report_year=certificate.report_year,
        file_name=submission.file_name,
        sha256=certificate.submission_id,
        received_at=_moment(receipt.received_at, zone),
        findings=f"错误 {errors} 个；警告 {len(warnings)} 个，其中已说明 {explained} 个",
        numbers=tuple(_numbers(submission, city)),
        signed=tuple(
            (ROLE_LABELS[each.role], each.name, _moment(each.signed_at, zone)) for each in certificate.signatures
        ),
        certified_on=datetime.fromisoformat(certificate.certified_at).astimezone(zone).date(),
    )


def write_certificate_pdf(page: CertificatePage) -> bytes:
    """The page as PDF (A4, PDF/UA-1); the same page gives the same bytes."""
    return set_pages(lambda _: _lines(page), LAYOUT, page.certified_on)


def _numbers(submission: Submission, city: City) -> Iterator[CertifiedNumber]:
    if submission.respondent is None or submission.report_year is None:
        return
    values = {(cell.sheet, cell.column_name): cell.raw_text for cell in submission.cells}
    for contract in contracts_for(city.pack, submission.respondent.kind, submission.report_year):
        for column in _main(contract.columns_in(submission.report_year), MAIN_NUMBERS.get(contract.name, ())):
            place = contract.name, column.name
            if place in values:
                last_year = submission.last_year.get(place) or NOT_PRINTED
                yield CertifiedNumber(column.label, column.unit or "", values[place] or NOT_SAID, last_year)


def _main(columns: Iterable[Column], names: tuple[str, ...]) -> list[Column]:
    by_name = {column.name: column for column in columns}
    return [by_name[name] for name in names if name in by_name]


def _moment(text: str, zone: ZoneInfo) -> str:
    at = datetime.fromisoformat(text).astimezone(zone)
    return f"{at.year}年{at.month}月{at.day}日 {at:%H:%M}"


def _lines(page: CertificatePage) -> Iterator[str]:
    """The page as typst markup."""
    on = page.certified_on
    title = f"{page.bureau}中等职业教育质量年度报告数据报送回执"
    day = f"datetime(year: {on.year}, month: {on.month}, day: {on.day})"
    yield f'#import "{LAYOUT.name}": *'
    yield f"#set document(title: {as_typst(title)}, date: {day})"
    yield f"#show: certificate.with(footer: {as_typst(f'回执编号 {page.number}')})"
    yield f"#title({as_typst(title)}, {as_typst(f'回执编号 {page.number}')})"
    facts = (
        ("填报单位", cut_short(page.respondent, LONGEST_SHOWN)),
        ("报告年度", f"{page.report_year}年度"),
        ("文件", cut_short(page.file_name, LONGEST_SHOWN)),
        ("收到时间", page.received_at),
        ("校验结果", page.findings),
        ("文件指纹（SHA-256）", page.sha256),
    )
    yield f"#facts({' '.join(f'({as_typst(name)}, {as_typst(told)}),' for name, told in facts)})"
    if page.numbers:
        yield f"#part({as_typst('主要数字')})"
        heads = (f"{page.report_year}年", f"{page.report_year - 1}年（模板所印）")
        rows = (
            " ".join(f"{as_typst(text)}," for text in (each.label, each.unit, each.value, each.last_year))
            for each in page.numbers
        )
        yield f"#numbers(({', '.join(map(as_typst, ('项目', '单位', *heads)))}), {' '.join(rows)})"
    yield f"#part({as_typst('确认')})"
    yield f"#line-of({as_typst('我们确认：上述文件中的数据由本单位填报并经审核，真实、准确、完整。')})"
    rows = (" ".join(f"{as_typst(text)}," for text in signed) for signed in page.signed)
    yield f"#signatures(({', '.join(map(as_typst, ('角色', '姓名', '确认时间')))}), {' '.join(rows)})"
    yield (
        "#note("
        + as_typst(
            "本回执只对上述指纹的文件有效：重新报送的文件要重新确认，另发回执。指纹可用任何程序对文件计算，与本页核对。"
        )
        + ")"
    )
