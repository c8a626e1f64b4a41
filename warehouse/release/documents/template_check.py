"""Whether a report's template can be used: its file harmless, every token known, no number written by hand.

A template is a file that somebody sent. It may use words, conditions and nothing else: no loop, no filter, no sum, no
attribute, so that there is nothing in it that could run long, grow, or reach what it must not.
"""

import re
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from docx.document import Document
from docx.oxml.ns import qn
from jinja2 import Environment, StrictUndefined, TemplateError, TemplateSyntaxError, Undefined, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment
from lxml import etree

from sources.read.inspection import check_archive
from sources.read.sheet_xml import RefusedError
from sources.submission.cell import CellAddress
from sources.submission.finding import intake_finding
from sources.system.apart import Exceeded, each_apart
from sources.system.plain_text import cut_short
from sources.system.settings import Limits
from warehouse.release.documents.marks import ALLOWED, TokenError
from warehouse.release.documents.vocabulary import Vocabulary

TOKEN = re.compile(r"\{[{%#].*?[}%#]\}")
OPENS = re.compile(r"\{([{%])(?:p|r|tr|tc)?(?=\s)")
"""How docxtpl lets a token begin that stands for a whole paragraph, run, row or cell."""
CONDITION = re.compile(r"\{%\s*(el)?if\s(.*?)%\}")
SAYS_NOTHING = re.compile(r"\{%\s*(?:else|endif)\s*%\}|\{#.*?#\}")
GRAMMAR = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.If, nodes.Call, nodes.Keyword, nodes.Name, nodes.Const,
    nodes.Not, nodes.And, nodes.Or,
)  # fmt: skip
"""What a template may be made of."""
MOST_TOKENS = 5_000
MOST_BLOCKS = 300
BLOCKS = ("表", "图", "目录", "暂缺")
SHOWN_PROBLEMS = 50
SHOWN_OF_A_TOKEN = 200
LONGEST_TOKEN = 2_000
UNREADABLE = (TemplateError, TypeError, ValueError, SyntaxError, RecursionError)
"""What a token raises that means nothing: TokenError is a ValueError; Python compiles what jinja makes of it."""
QUOTES = str.maketrans("“”‘’", "\"\"''")


class _WordsOnly(ImmutableSandboxedEnvironment):
    """Parses nothing but words and conditions, so that nothing else is ever compiled or run."""

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        """The template of a source. Raises TemplateSyntaxError, as jinja does for what it cannot read."""
        try:
            template = super()._parse(source, name, filename)
        except RecursionError:
            raise TemplateSyntaxError("括号或条件套得太深", 1) from None
        called: list[str] = []
        for node in _all_nodes(template):
            if isinstance(node, nodes.Call) and isinstance(node.node, nodes.Name):
                called.append(node.node.name)
            elif isinstance(node, nodes.Call) or not isinstance(node, GRAMMAR):
                raise TemplateSyntaxError("只能写取数的词和 if 条件，不能有循环、计算、属性和过滤器", node.lineno)
        if len(called) > MOST_TOKENS or sum(name in BLOCKS for name in called) > MOST_BLOCKS:
            raise TemplateSyntaxError(f"词多于 {MOST_TOKENS} 个，或表和图多于 {MOST_BLOCKS} 个", 1)
        return template


def _all_nodes(template: nodes.Node) -> Iterator[nodes.Node]:
    """Every node, without recursion: sources nest as deep as they like."""
    waiting: list[nodes.Node] = [template]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(node.iter_child_nodes())


def template_environment() -> Environment:
    """What a template runs in: it reaches the vocabulary and nothing else."""
    environment = _WordsOnly(autoescape=True, undefined=StrictUndefined)
    environment.globals.clear()  # jinja's own names: one of them makes as much text as it is asked for
    return environment


def check_file(path: Path, limits: Limits) -> None:
    """Looks at a template's file in a process of its own, as at any file that somebody sent.

    Raises ValueError when it is too large, damaged, no Word document, or says more than words and conditions.
    """
    (outcome,) = each_apart(partial(_fault_of_file, limits=limits), [path], limits)
    why = outcome.told(limits) if isinstance(outcome, Exceeded) else outcome
    if why:
        raise ValueError(f"报告模板 {path} 不能用：{why}")


def _fault_of_file(path: Path, limits: Limits) -> str | None:
    """What is wrong with a template's file; None when nothing is."""
    from docxtpl import DocxTemplate

    try:
        check_archive(path.read_bytes(), limits)
        engine = DocxTemplate(path)
        engine.init_docx()
        template_environment().parse(engine.patch_xml(engine.get_xml()))
    except RefusedError as refused:
        return intake_finding(refused.refusal[0], CellAddress("", path.name), refused.refusal[1]).message
    except TemplateSyntaxError:
        return None  # told later, with its paragraph
    except (OSError, MemoryError):
        raise
    except Exception as error:  # noqa: BLE001 - told as what is wrong with the file; python-docx raises whatever its parsers meet
        return f"不是 Word 文档，或已损坏（{type(error).__name__}）"
    return None


def template_paragraphs(document: Document) -> Iterator[tuple[str, str]]:
    """(where, text) of every paragraph of a template: of the body, its tables, the headers and footers."""
    for number, paragraph in enumerate(document.element.body.iter(qn("w:p")), 1):
        yield f"第 {number} 段", text_of(paragraph)
    for section in document.sections:
        for where, part in (("页眉", section.header), ("页脚", section.footer)):
            if part.is_linked_to_previous:  # to look at it would make one
                continue
            for paragraph in part._element.iter(qn("w:p")):
                yield where, text_of(paragraph)


def literal_digits(document: Document) -> list[str]:
    """A message for every paragraph that has a digit outside a token."""
    found = []
    for where, text in template_paragraphs(document):
        digits = re.findall(r"\d[\d.,]*", ALLOWED.sub("", TOKEN.sub("", text)))
        if digits:
            found.append(
                f"模板{where}“{shortened(text)}”中有直接写出的数字 {digits[0]}；请改用取数的词，如 {{{{ 值(…) }}}}"
            )
    return found


def check_template(document: Document, vocabulary: Vocabulary) -> None:
    """Raises ValueError for literal digits, and for tokens that are not understood, each with its paragraph."""
    problems = literal_digits(document)
    environment, names = template_environment(), vocabulary.names()
    for where, text in template_paragraphs(document):
        for found in TOKEN.finditer(text):
            try:
                _check_token(environment, names, OPENS.sub(r"{\1", found.group()).translate(QUOTES))
            except UNREADABLE as error:
                token = cut_short(found.group(), SHOWN_OF_A_TOKEN)
                problems.append(f"模板{where}“{shortened(text)}”中的 {token} 不能识别：{error}")
    if problems:
        more = [f"另有 {len(problems) - SHOWN_PROBLEMS} 处"] if len(problems) > SHOWN_PROBLEMS else []
        raise ValueError("\n".join([*problems[:SHOWN_PROBLEMS], *more]))


def _check_token(environment: Environment, names: Mapping[str, Any], token: str) -> None:
    """Raises TemplateError, TokenError, TypeError or ValueError for a token that means nothing."""
    if SAYS_NOTHING.fullmatch(token):
        return
    condition = CONDITION.fullmatch(token)
    if token.startswith("{%") and condition is None:
        raise TokenError("只能写取数的词和 if 条件，不能有循环、计算、属性和过滤器")
    expression = (condition[2] if condition else token[2:-2]).strip()
    if len(expression) > LONGEST_TOKEN:
        raise TokenError(f"一个词不能超过 {LONGEST_TOKEN} 个字")
    environment.parse(f"{{{{ {expression} }}}}")
    result = environment.compile_expression(expression, undefined_to_none=False)(**names)
    if isinstance(result, Undefined) or callable(result):
        raise TokenError(f"没有名为“{cut_short(expression, SHOWN_OF_A_TOKEN)}”的词")


def shortened(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:40]}…"


def text_of(paragraph: etree._Element) -> str:
    return "".join(text.text or "" for text in paragraph.iter(qn("w:t")))
