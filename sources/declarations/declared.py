"""The version of everything by which submissions are judged."""

from sources.declarations.agreement import cross_rules
from sources.declarations.city import City
from sources.declarations.codelist import load_codelists
from sources.declarations.contract import load_contracts
from sources.declarations.rule import load_intake_rules
from sources.system.fingerprint import fingerprint


def audit_version(city: City) -> str:
    """Changes whenever a contract, code list, rule or the city's declarations do."""
    rules = [*load_intake_rules().values(), *cross_rules(city.pack)]
    return fingerprint([*load_contracts(city.pack), *load_codelists(city.pack).values(), *rules, city])
