"""Text is data, everywhere: the same texts through every place where a text leaves the program, read back by what
people read it with. That nothing goes round these places is held by the linter (pyproject.toml, banned-api)."""

import csv
import io
import json
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import openpyxl
import polars as pl
import pytest
import typst
from docx import Document
from docx.enum.style import WD_STYLE_TYPE
from docxtpl import DocxTemplate
from lxml import html
from markdown_it import MarkdownIt
from rich.table import Table

from orchestration.cli.console import print_json
from orchestration.lib.metadata import Link, findings_table, markdown_lines, markdown_table
from orchestration.lib.terminal import Terminal
from orchestration.web.guard import local_origins, refusal
from sources.archive.inbox import shown_name
from sources.declarations.alerting import Mail, Robot, Webhook
from sources.declarations.city import City
from sources.submission.cell import CellAddress
from sources.submission.finding import Finding
from sources.system.csv_file import write_csv
from sources.system.html_page import SHOWN_ON_A_PAGE, script_data
from sources.system.plain_book import PlainBook
from sources.system.plain_text import ILLEGIBLE, as_typst, cut_short, legible, of_markdown
from sources.write.marked_workbook import mark_workbook
from tests.support.hostile_texts import HOSTILE
from tests.support.sinks import ROBOTS, TOKEN, Mailbox, Sink, mail_server, serve, webhook
from warehouse.alerts.channels import send
from warehouse.alerts.messages import Message
from warehouse.figures.sql_answer import SqlAnswer, as_markdown_table, write_answer
from warehouse.reconcile.memo import memo, page
from warehouse.reconcile.reading.report_file import Paragraph, TextTable
from warehouse.reconcile.verdicts import SCHEMA, Reconciliation
from warehouse.release.documents.template_check import template_environment
from warehouse.release.documents.wordml import read_footnotes, write_footnotes

MARKDOWN = MarkdownIt("gfm-like", {"linkify": False, "html": True})
OF_A_TABLE = {"table", "thead", "tbody", "tr", "th", "td"}
OF_A_MEMO = {"h1", "h2", "p", "ol", "ul", "li", "strong"}
OPENS_A_CELL = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def tags(markup: str) -> set[str]:
    return {str(element.tag) for element in html.fromstring(f"<main>{markup}</main>").iter()} - {"main"}


def finding(text: str) -> Finding:
    return Finding(CellAddress("a" * 64, text, text, "A1", None, text), text, "rule", "1", "error", text, text, text)


def judged(text: str) -> Reconciliation:
    """A printed report with one figure, of which everything that can be a text is this one."""
    row = {name: text if kind == pl.String else None for name, kind in SCHEMA.items()}
    row |= {"position": 1, "is_suspected": False, "supporting_relations": 0, "verdict": "not_matched"}
    row |= dict.fromkeys(("indicator_code", "subject_code", "scope_code", "kind", "broken_relations"))
    told = (Paragraph("", f"{text}1人"), TextTable("", text, ((text, "1"),)))
    return Reconciliation(text, 2023, pl.DataFrame([row], schema=SCHEMA), "", text, text=told)


# The sinks: each writes the text and reads it back


def markdown_in_dagster(text: str, **_: object) -> None:
    for table in (markdown_table(["填写内容"], [[text]]), findings_table([finding(text)])):
        shown = MARKDOWN.render(str(table.value))
        assert tags(shown) <= OF_A_TABLE
        assert "http://" not in str(table.value)
        assert "www.example" not in str(table.value)
        assert len(shown) < 20_000


def links_in_dagster(text: str, **_: object) -> None:
    """Beside a text stands a link of ours, and it is the only one."""
    shown = MARKDOWN.render(str(markdown_lines([text, Link(text, "/feedback/a")]).value))
    assert tags(shown) <= {"ul", "li", "a"}
    assert [each.get("href") for each in html.fromstring(f"<main>{shown}</main>").iter("a")] == ["/feedback/a"]


def markdown_of_a_memo(text: str, city: City, **_: object) -> None:
    written = memo(judged(text).frame, text, text, 2023)
    assert tags(MARKDOWN.render(written)) <= OF_A_MEMO
    assert not ILLEGIBLE.search(of_markdown(written))


def html_page(text: str, city: City, **_: object) -> None:
    def shape(shown: str) -> list[tuple[str, tuple[str, ...]]]:
        return [(str(each.tag), tuple(each.keys())) for each in html.document_fromstring(shown).iter()]

    shown = page(judged(text))
    assert shape(shown) == shape(page(judged("一")))
    assert not ILLEGIBLE.search(shown)
    assert len(shown) < 60_000


def data_of_a_page(text: str, **_: object) -> None:
    """What a script of a page reads, as JSON and within a page; Chromium reads it in tests/browser/test_site.py."""
    written = script_data(text, {"of": [text, [None, 1]]})
    assert tags(f"<script>{written}</script><b>after</b>") == {"script", "b"}
    assert not ILLEGIBLE.search(written)
    assert written.splitlines() == [written.removesuffix("\n")]
    read = json.loads(written[written.index('({"name":') + 1 : written.rindex(")")])
    assert read["value"]["of"] == [cut_short(legible(text), SHOWN_ON_A_PAGE), [None, 1]]


def terminal(text: str, **_: object) -> None:
    screen = io.StringIO()
    console = Terminal(file=screen, width=200, force_terminal=True, color_system=None)
    table = Table(text[:100], title=text)
    table.add_row(text)
    console.print(text)
    console.print(f"注：{text}", highlight=False)
    console.rule(text[:50])
    console.print(table)
    assert not ILLEGIBLE.search(screen.getvalue())
    assert "\r" not in screen.getvalue()
    if text.startswith("[red]"):
        assert text in screen.getvalue()


def json_at_the_terminal(text: str, capsys: pytest.CaptureFixture[str], **_: object) -> None:
    print_json({"text": text})
    said = capsys.readouterr().out
    assert json.loads(said) == {"text": text}
    assert not ILLEGIBLE.search(said)


def answer_of_a_query(text: str, folder: Path, **_: object) -> None:
    answer = SqlAnswer(text, (text, "number"), ((text, 1),))
    shown = MARKDOWN.render(as_markdown_table(answer))
    assert tags(shown) <= OF_A_TABLE
    assert not ILLEGIBLE.search(shown)
    for name in ("a.csv", "a.xlsx", "a.md"):
        write_answer(answer, folder / name)
    book = openpyxl.load_workbook(folder / "a.xlsx")
    assert {cell.data_type for sheet in book for row in sheet for cell in row} <= {"s", "n"}
    assert not [cell for sheet in book for row in sheet for cell in row if cell.hyperlink]


def csv_file(text: str, folder: Path, **_: object) -> None:
    path = write_csv([[text, "次"]], folder / "a.csv")
    ((cell, after),) = csv.reader(path.open(encoding="utf-8-sig", newline=""))
    assert after == "次"
    assert not cell.startswith(OPENS_A_CELL) or cell in ("-1", "+1")
    assert cell.removeprefix("'") == legible(text)


def new_workbook(text: str, folder: Path, **_: object) -> None:
    book = PlainBook(folder / "a.xlsx")
    sheet = book.add_worksheet()
    sheet.write_string(0, 0, text)
    sheet.write(1, 0, text)
    book.close()
    shown = openpyxl.load_workbook(folder / "a.xlsx").worksheets[0]
    for cell in (shown["A1"], shown["A2"]):
        assert cell.data_type == "s"
        assert cell.hyperlink is None
        assert not ILLEGIBLE.search(str(cell.value))


def marked_workbook(text: str, **_: object) -> None:
    book = openpyxl.load_workbook(io.BytesIO(mark_workbook(None, [finding(text[:30_000])], text[:1000])))
    cells = [cell for row in book.worksheets[0].iter_rows() for cell in row if cell.value is not None]
    assert {cell.data_type for cell in cells} <= {"s", "n"}
    assert not any(cell.hyperlink for cell in cells)
    assert not any(ILLEGIBLE.search(str(cell.value)) for cell in cells)


def word_file(text: str, folder: Path, **_: object) -> None:
    plain = Document()
    plain.add_paragraph("{{ text }}")
    plain.styles.add_style("footnote text", WD_STYLE_TYPE.PARAGRAPH)
    plain.styles.add_style("footnote reference", WD_STYLE_TYPE.CHARACTER)
    plain.save(folder / "template.docx")
    engine = DocxTemplate(folder / "template.docx")
    engine.init_docx()
    engine.render({"text": legible(text)}, template_environment(), autoescape=True)  # as Vocabulary.plain hands it over
    write_footnotes(engine.docx, [[text]], str, count(1))
    engine.save(folder / "a.docx")
    document = Document(str(folder / "a.docx"))
    if "{" in text:
        assert document.paragraphs[0].text == text
    assert not ILLEGIBLE.search("".join(read_footnotes(document).values()))
    assert "49" not in document.paragraphs[0].text


def typst_markup(text: str, folder: Path, **_: object) -> None:
    (folder / "a.typ").write_text(f"#metadata({as_typst(text)}) <text>\n#{as_typst(text[:200])};", encoding="utf-8")
    (found,) = json.loads(typst.query(folder / "a.typ", "<text>", field="value"))
    assert found == legible(text)


def chat(text: str, robots: dict[str, Sink], **_: object) -> None:
    for kind, sink in robots.items():
        sink.received.clear()
        robot = Robot(kind=kind, name="群", token_env="TEST_TOKEN", base_url=sink.url)
        assert send(robot, Message(text[:500], text), 10) is None
        (received,) = sink.received
        for sign in ("](", "<", ">", "http://", "https://", "www.", "@", "`", "**", "~~", "#"):
            assert sign not in received.text
        assert all(letter.isprintable() or letter in "\n\u3000" for letter in received.text)


def a_webhook(text: str, hook: Sink, **_: object) -> None:
    hook.received.clear()
    assert send(Webhook(kind="webhook", name="平台", url_env="TEST_HOOK"), Message(text[:500], text), 10) is None
    (received,) = hook.received
    assert "\n" not in received.payload["title"]
    assert not ILLEGIBLE.search(received.payload["message"])


def mail(text: str, mailbox: Mailbox, **_: object) -> None:
    mailbox.letters.clear()
    channel = Mail(
        kind="mail",
        name="邮件",
        host="127.0.0.1",
        port=mailbox.port,
        security="insecure",
        sender="nianbao@example.com",
        to=["clerk@example.com"],
    )
    assert send(channel, Message(text[:500], text), 10) is None
    ((recipient, subject, body),) = mailbox.letters
    assert recipient == "clerk@example.com"
    assert subject.isprintable()
    assert not ILLEGIBLE.search(body)


def file_name(text: str, **_: object) -> None:
    assert shown_name(f"{text}.xlsx").isprintable()
    assert "/" not in shown_name(f"{text}.xlsx")


def refused_address(text: str, **_: object) -> None:
    headers = [(b"host", text.encode("utf-8", "replace"))]
    refused = refusal({"type": "http", "method": "GET", "path": "/", "headers": headers}, local_origins(3000))
    assert refused is not None
    assert refused.reason.isprintable()
    assert "<" not in refused.reason
    assert len(refused.reason) < 300


SINKS: list[Callable[..., None]] = [
    markdown_in_dagster,
    links_in_dagster,
    markdown_of_a_memo,
    html_page,
    data_of_a_page,
    terminal,
    json_at_the_terminal,
    answer_of_a_query,
    csv_file,
    new_workbook,
    marked_workbook,
    word_file,
    typst_markup,
    chat,
    a_webhook,
    mail,
    file_name,
    refused_address,
]


@pytest.fixture(scope="module")
def robots() -> Iterator[dict[str, Sink]]:
    with (
        serve(lambda _: (200, {"errcode": 0})) as dingtalk,
        serve(lambda _: (200, {"errcode": 0})) as wecom,
        serve(lambda _: (200, {"code": 0})) as feishu,
    ):
        yield dict(zip(ROBOTS, (dingtalk, wecom, feishu), strict=True))


@pytest.fixture(scope="module")
def hook() -> Iterator[Sink]:
    with serve(webhook) as sink:
        yield sink


@pytest.fixture(scope="module")
def mailbox() -> Iterator[Mailbox]:
    with mail_server() as opened:
        yield opened


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text[:30]))
@pytest.mark.parametrize("sink", SINKS, ids=lambda sink: sink.__name__)
def test_a_text_is_text_in_every_output(
    sink: Callable[..., None],
    text: str,
    city: City,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    robots: dict[str, Sink],
    hook: Sink,
    mailbox: Mailbox,
):
    monkeypatch.setenv("TEST_TOKEN", TOKEN)
    monkeypatch.setenv("TEST_HOOK", f"{hook.url}/hook")
    sink(text, city=city, folder=tmp_path, capsys=capsys, robots=robots, hook=hook, mailbox=mailbox)
