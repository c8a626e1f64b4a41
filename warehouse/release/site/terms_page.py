"""The words that the pages use: scopes, conditions of a number, and what is counted."""

from sources.declarations.contract import load_contracts
from warehouse.catalogue.labels import COMPARABILITY, STATUS, VERDICT
from warehouse.release.site.page import Page
from warehouse.release.site.site_facts import SiteFacts

MEANS = {
    "ok": "口径内应报的学校都报送了这个数需要的内容。",
    "incomplete": "口径内有学校没有报送，数字只含已报送的学校；旁边写明已报几所、应报几所。",
    "missing": "没有报送这个数需要的内容。",
    "unavailable": "填报单位说明无法提供。",
    "not_applicable": "比率的分母为零，没有这个比率。",
    "suppressed": "涉及的人数过少，公开会暴露个人情况。",
    "does_not_add": "下级地区的数不能合成一个数。",
    "differs": "几个地区对同一件事填报了不同的数。",
    "comparable": "口径、定义相同，数据完整，两年可以比较。",
    "scope_break": "两年包括的学校范围不同，差别不等于增减；折线图在此处断开。",
    "definition_break": "两年的算法不同，差别不等于增减；折线图在此处断开。",
    "not_verifiable": "缺少判断所需的数。",
    "met": "未修约的值达到标准。",
    "missed": "未修约的值没有达到标准。",
}
"""Code of a label → what it means to a reader."""
LABELS = COMPARABILITY | VERDICT | STATUS
"""Of a code that is a status as well, the status."""


def terms_page(facts: SiteFacts) -> Page:
    titles = {contract.name: contract.title for contract in load_contracts(facts.figures.catalogue.pack)}
    return Page(
        "terms.html",
        "terms",
        "术语",
        {
            "words": [(code, LABELS[code], means) for code, means in MEANS.items()],
            "scopes": sorted(facts.scopes.values(), key=lambda scope: (scope["sequence"], scope["scope_code"])),
            "measures": [(each, titles[each.sheet]) for each in facts.figures.catalogue.measures.values()],
        },
    )
