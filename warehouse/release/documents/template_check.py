"""Whether a report's template can be used: every token known, no number written by hand."""

import re
from collections.abc import Iterator

from docx.document import Document
from docx.oxml.ns import qn
from jinja2 import Environment, StrictUndefined, TemplateError, Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from lxml import etree

from warehouse.release.documents.marks import TokenError
from warehouse.release.documents.vocabulary import Vocabulary

TOKEN = re.compile(r"\{[{%#].*?[}%#]\}")
EXPRESSION = re.compile(r"\{\{(?:p|r|tr|tc)?\s(.*?)\}\}|\{%(?:p|r|tr|tc)?\s*(?:el)?if\s(.*?)%\}")
QUOTES = str.maketrans("“”‘’", "\"\"''")


# digits that are no figures: numbers of tables, figures and articles, 1+X certificates, the unit m²
ALLOWED = re.compile(r"附?[表图]\s?\d+(?:\.\d+)?(?:-\d+)?|第\d+[条款章节届]|1\+X|[km]m?2")


def template_environment() -> Environment:
    """What a template runs in. A template is a file that somebody sent: it reaches the vocabulary and nothing else."""
    return ImmutableSandboxedEnvironment(autoescape=True, undefined=StrictUndefined)


def template_paragraphs(document: Document) -> Iterator[tuple[str, str]]:
    """(where, text) of every paragraph of a template: of the body, its tables, the headers and footers."""
    for number, paragraph in enumerate(document.element.body.iter(qn("w:p")), 1):
        yield f"第 {number} 段", text_of(paragraph)
    for section in document.sections:
        for where, part in (("页眉", section.header), ("页脚", section.footer)):
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
        for found in EXPRESSION.finditer(text):
            expression = (found.group(1) or found.group(2)).translate(QUOTES).strip()
            try:
                result = environment.compile_expression(expression, undefined_to_none=False)(**names)
                if isinstance(result, Undefined) or callable(result):
                    raise TokenError(f"没有名为“{expression}”的词")
            except (TemplateError, TokenError, TypeError) as error:
                problems.append(f"模板{where}“{shortened(text)}”中的 {found.group()} 不能识别：{error}")
    if problems:
        raise ValueError("\n".join(problems))


def shortened(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:40]}…"


def text_of(paragraph: etree._Element) -> str:
    return "".join(text.text or "" for text in paragraph.iter(qn("w:t")))
