"""For tests that only want a release: a person has looked at every item that may be confirmed, and confirmed each."""

from sources.archive.confirmations import Confirmation
from sources.declarations.city import City
from sources.system.settings import Settings
from warehouse.catalogue.catalogue import load_catalogue
from warehouse.release.foresee import foresee
from warehouse.release.gate import Wish, confirm, open_items
from warehouse.release.make_release import Released, release

BY = "王科长"


def confirm_each(settings: Settings, city: City, report_year: int) -> tuple[Confirmation, ...]:
    """Confirms what is open of the year's list, each item with a reason of its own."""
    catalogue = load_catalogue(city.pack)
    still = open_items(foresee(settings, city, catalogue, report_year).listed)
    wishes = [Wish(each.item.id, BY, f"已核实：{each.item.title}") for each in still if not each.nobody]
    return confirm(settings, city, catalogue, {report_year: wishes})


def confirm_and_release(settings: Settings, city: City, report_year: int, processes: int = 1) -> Released:
    """The year's next release, after `confirm_each`."""
    confirm_each(settings, city, report_year)
    return release(settings, city, load_catalogue(city.pack), report_year, processes=processes)
