"""Names that files and databases of older releases hold: made otherwise, decisions and templates would be lost."""

import pytest

from sources.declarations.contract import Contract, load_contracts
from sources.submission.explanation import Explanation, Question
from sources.system.fingerprint import fingerprint, sha256_of
from tests.support.sample import PACK
from warehouse.intake.explanations import explanation_id_of


def test_an_explanation_has_the_id_that_the_archives_decisions_name():
    question = Question("outcomes.industries_add_up", "ae5de44e", "毕业去向", "employed", "")
    given = Explanation(question, "300", "已核实。", "李老师", 2023)
    identity = "('3645900002', 'outcomes.industries_add_up#ae5de44e#毕业去向#employed#', '300', '已核实。', 2023)"
    assert explanation_id_of("3645900002", given) == sha256_of(identity)[:12]


@pytest.mark.parametrize("contract", load_contracts(PACK), ids=lambda contract: contract.name)
def test_template_and_audit_version_do_not_depend_on_the_name_of_a_class_or_module(contract):
    class Renamed(Contract):
        pass

    Renamed.__module__ = "elsewhere"
    assert fingerprint([Renamed.model_construct(**dict(contract))]) == fingerprint([contract])
