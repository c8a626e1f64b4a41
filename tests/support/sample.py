"""What the sample city's tests share: the pack that it names."""

from sources.declarations.city import load_city
from sources.system.settings import CITIES_ROOT

PACK = load_city(CITIES_ROOT / "450700").pack
