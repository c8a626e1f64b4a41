"""What a report keeps outside of its text is read too: workbooks beside it, charts, heads and feet of pages."""

from datetime import date
from pathlib import Path

import docx
import openpyxl
import pytest
from docx.opc.packuri import PackURI
from docx.opc.part import Part

from sources.declarations.city import load_city
from sources.system.settings import Settings
from tests.support.sample import PACK
from warehouse.catalogue.catalogue import load_catalogue
from warehouse.figures.year_figures import load_figures
from warehouse.reconcile.reading import report_file
from warehouse.reconcile.reading.names import load_names
from warehouse.reconcile.reading.number_formats import shown_number
from warehouse.reconcile.reading.read_report import read_report
from warehouse.reconcile.reading.report_file import Caption, Limits, Paragraph, TextTable, read_document
from warehouse.reconcile.reconcile import reconcile_file
from warehouse.release.documents.write_documents import write_documents
from warehouse.store.connection import open_published

HUAILING = load_city(Path(__file__).parents[1] / "cities" / "huailing_city")
YEAR = 2023


@pytest.mark.parametrize(
    ("stored", "number_format", "shown"),
    [
        ("0.9274", "0.00%", "92.74%"),
        ("0.5", "0%", "50%"),
        ("1155.0000000000002", "General", "1155"),
        ("36.699999999999996", "General", "36.7"),
        ("36.7", "0.00", "36.70"),
        ("35205", "#,##0", "35205"),
        ("25.26", '0.00":1"', "25.26"),
        ("-3", "0;[Red]-0", "-3"),
        ("第一产业", "General", "第一产业"),
        ("nan", "0.00", "nan"),
        ("1e400", "0", "1" + "0" * 400),
    ],
)
def test_a_number_is_read_as_its_format_shows_it(stored, number_format, shown):
    assert shown_number(stored, number_format) == shown


# Workbooks


def test_a_sheet_has_its_title_its_table_and_its_notes_with_the_place(tmp_path):
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "附表1"
    sheet.append(["附表1 毕业生情况"])
    sheet.merge_cells("A1:D1")
    sheet.append(["指标", "单位", "2023年", "2024年"])
    sheet.append(["毕业生数", "人", 2900, 3000])
    sheet.append(["毕业去向落实率", "%", 0.95, 0.9])
    sheet["C4"].number_format = sheet["D4"].number_format = "0.00%"
    sheet.append(["注：毕业生数为当年7月的数。"])
    book.create_sheet("草稿").sheet_state = "hidden"
    book.save(tmp_path / "附表.xlsx")
    title, table, note, hidden = read_document(tmp_path / "附表.xlsx")
    assert isinstance(title, Caption)
    assert isinstance(table, TextTable)
    assert (table.section, table.place) == ("表1", "工作表“附表1”")
    assert table.rows == (
        ("指标", "单位", "2023年", "2024年"),
        ("毕业生数", "人", "2900", "3000"),
        ("毕业去向落实率", "%", "95.00%", "90.00%"),
    )
    assert (note.text, hidden.text) == ("注：毕业生数为当年7月的数。", "工作表“草稿”是隐藏的，没有读。")
    reading = read_report(tmp_path / "附表.xlsx", HUAILING, 2024, load_names(load_catalogue(HUAILING.pack)))
    found = [(each.codes.indicator, each.codes.year, each.printed) for each in reading.figures if each.codes]
    assert found == [
        ("graduates", 2023, "2900"),
        ("graduates", 2024, "3000"),
        ("placement_rate", 2023, "95.00%"),
        ("placement_rate", 2024, "90.00%"),
    ]


def test_merged_cells_say_the_same_in_each(tmp_path):
    book = openpyxl.Workbook()
    sheet = book.active
    for row in (["项目", "", "2024年"], ["中职", "在校生（人）", 40], ["", "招生（人）", 15]):
        sheet.append(row)
    sheet.merge_cells("A2:A3")
    book.save(tmp_path / "表.xlsx")
    (table,) = read_document(tmp_path / "表.xlsx")
    assert [row[0] for row in table.rows] == ["项目", "中职", "中职"]


def test_the_citys_own_workbook_is_accused_of_nothing_and_a_changed_cell_is(city_run: Settings, city, tmp_path):
    with open_published(city_run) as connection:
        figures = load_figures(connection, load_catalogue(PACK), YEAR)
        made = write_documents(figures, tmp_path, date(2024, 3, 1), "2023.1")
        path = next(each for each in made.paths if each.name.endswith("汇总表.xlsx"))

        def wrong() -> list[str]:
            frame = reconcile_file(connection, city, load_catalogue(PACK), path, YEAR).frame
            assert frame.filter(frame["verdict"] == "consistent").height > 150
            return frame.filter(frame["verdict"] == "differs")["printed"].to_list()

        assert wrong() == []
        book = openpyxl.load_workbook(path)
        (row,) = (row for row in book["附表6"].iter_rows() if row[1].value == "教职员工额定编制数")
        row[-1].value += 7
        book.save(path)
        assert wrong() == [str(row[-1].value)]


def test_a_workbook_of_endless_empty_rows_is_refused_with_its_reason(tmp_path, monkeypatch):
    monkeypatch.setattr(report_file, "Limits", lambda: Limits(seconds=2, memory_bytes=400_000_000))
    book = openpyxl.Workbook()
    book.active["XFD1048576"] = 1
    book.save(tmp_path / "大.xlsx")
    with pytest.raises(ValueError, match=r"大\.xlsx：不能打开（.*超过"):
        read_document(tmp_path / "大.xlsx")


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", "不是工作簿".encode()])
def test_what_is_no_workbook_is_told_so(data, tmp_path):
    (tmp_path / "坏.xlsx").write_bytes(data)
    with pytest.raises(ValueError, match=r"坏\.xlsx：不能作为 \.xlsx 工作簿打开"):
        read_document(tmp_path / "坏.xlsx")


# Charts, heads and feet of Word files

C = 'xmlns:c="http://schemas.openxmlformats.org/drawingml/2006/chart" xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"'


def chart_xml(title: str, categories: list[str], series: dict[str, list[str]], form: str = "General") -> str:
    def points(values: list[str]) -> str:
        return "".join(f'<c:pt idx="{i}"><c:v>{value}</c:v></c:pt>' for i, value in enumerate(values))

    drawn = "".join(
        f"<c:ser><c:idx val='{number}'/>"
        f"<c:tx><c:strRef><c:f>A</c:f><c:strCache>{points([name])}</c:strCache></c:strRef></c:tx>"
        f"<c:cat><c:strRef><c:f>B</c:f><c:strCache>{points(categories)}</c:strCache></c:strRef></c:cat>"
        f"<c:val><c:numRef><c:f>C</c:f><c:numCache><c:formatCode>{form}</c:formatCode>{points(values)}</c:numCache>"
        "</c:numRef></c:val></c:ser>"
        for number, (name, values) in enumerate(series.items())
    )
    titled = f"<c:title><c:tx><c:rich><a:p><a:r><a:t>{title}</a:t></a:r></a:p></c:rich></c:tx></c:title>"
    drawn = f"{titled}<c:plotArea><c:barChart>{drawn}</c:barChart></c:plotArea>"
    return f"<c:chartSpace {C}><c:chart>{drawn}</c:chart></c:chartSpace>"


def with_chart(path: Path, xml: str) -> None:
    document = docx.Document()
    document.add_paragraph("正文。")
    document.sections[0].header.paragraphs[0].text = "淮岭市中等职业教育质量年度报告（2024年度）"
    document.sections[0].footer.paragraphs[0].text = "第 1 页"
    kind = "application/vnd.openxmlformats-officedocument.drawingml.chart+xml"
    part = Part(PackURI("/word/charts/chart1.xml"), kind, xml.encode(), document.part.package)
    document.part.relate_to(part, "http://schemas.openxmlformats.org/officeDocument/2006/relationships/chart")
    document.save(str(path))


def test_the_data_of_a_chart_are_a_table_with_its_place(tmp_path):
    xml = chart_xml(
        "毕业生情况", ["2023年", "2024年"], {"毕业生数（人）": ["2900", "3000"], "升学人数（人）": ["900", "950"]}
    )
    with_chart(tmp_path / "r.docx", xml)
    text, title, table, *running = read_document(tmp_path / "r.docx")
    assert (text.text, title.text, title.place) == ("正文。", "毕业生情况", "第 1 个图表的数据")
    assert table.rows == (
        ("", "2023年", "2024年"),
        ("毕业生数（人）", "2900", "3000"),
        ("升学人数（人）", "900", "950"),
    )
    assert [type(each) for each in running] == [Caption, Caption]
    reading = read_report(tmp_path / "r.docx", HUAILING, 2024, load_names(load_catalogue(HUAILING.pack)))
    found = {(each.codes.indicator, each.codes.year): each.printed for each in reading.figures if each.codes}
    assert found == {
        ("graduates", 2023): "2900",
        ("graduates", 2024): "3000",
        ("further_study", 2023): "900",
        ("further_study", 2024): "950",
    }


def test_points_of_a_chart_that_are_not_there_leave_their_place(tmp_path):
    xml = chart_xml("", ["甲", "乙", "丙"], {"毕业生数": ["1", "2", "3"]}).replace(
        '<c:pt idx="1"><c:v>2</c:v></c:pt>', ""
    )
    with_chart(tmp_path / "r.docx", xml)
    table = next(each for each in read_document(tmp_path / "r.docx") if isinstance(each, TextTable))
    assert table.rows[1] == ("毕业生数", "1", "", "3")


@pytest.mark.parametrize("place", ["999999999", "-1", "甲", ""])
def test_a_point_at_no_place_of_a_chart_is_not_read_and_the_report_is(place, tmp_path):
    xml = chart_xml("", ["甲"], {"毕业生数": ["1"]}).replace('<c:pt idx="0"><c:v>1', f'<c:pt idx="{place}"><c:v>1')
    with_chart(tmp_path / "r.docx", xml)
    assert not any(isinstance(each, TextTable) and "1" in each.rows[-1] for each in read_document(tmp_path / "r.docx"))


def test_numbers_in_heads_and_feet_are_none_of_the_report(tmp_path):
    with_chart(tmp_path / "r.docx", chart_xml("", [], {}))
    reading = read_report(tmp_path / "r.docx", HUAILING, 2024, load_names(load_catalogue(HUAILING.pack)))
    assert not any(each.codes for each in reading.figures)
    told = {each.told for _, each in reading.numerals}
    assert told == {"日期或年份", "页码"}
    assert isinstance(read_document(tmp_path / "r.docx")[0], Paragraph)
