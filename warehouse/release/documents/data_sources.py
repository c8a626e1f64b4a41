"""Where the numbers of a table or a chart come from: whose sheets, by the names that they have in the workbooks."""

from collections.abc import Iterable

from sources.declarations.contract import load_contracts
from warehouse.catalogue.indicator import STANDARD_DEFINITION
from warehouse.catalogue.measure import Measure
from warehouse.figures.year_figures import Figures

NAMED_SHEETS = 4


def source_line(codes: Iterable[str], figures: Figures) -> str:
    """数据来源：各校报送的“学生情况”，某市教育局报送的“招生情况”; '' of indicators that rest on no sheet."""
    measures = [measure for code in dict.fromkeys(codes) for measure in _measures(code, figures)]
    titles = {contract.name: contract.title for contract in load_contracts(figures.catalogue.pack)}
    whose = {"school": "本校" if figures.whole else "各校", "bureau": figures.bureau_name}
    said = []
    for who, name in whose.items():
        sheets = dict.fromkeys(titles[each.sheet] for each in measures if each.filled_in_by == who)
        if sheets:
            named = "".join(f"“{title}”" for title in list(sheets)[:NAMED_SHEETS])
            said.append(f"{name}报送的{named}{'等表' if len(sheets) > NAMED_SHEETS else ''}")
    return f"数据来源：{'，'.join(said)}。" if said else ""


def _measures(code: str, figures: Figures) -> list[Measure]:
    catalogue = figures.catalogue
    indicator = catalogue.indicators[code]
    if indicator.counts:
        return _measures(indicator.counts.of, figures)
    fact = figures.of_region(code)
    formula = indicator.formula(fact.definition if fact else STANDARD_DEFINITION)
    return [catalogue.measures[each] for _, each in formula.terms]
