"""Dagster's resources hand the definitions the installation that they serve, plain or held by a run.

A schedule or sensor looks at the installation (`installation`); an asset writes it, and holds it from a run's first
step to its last (`held`); what is made of the published copy alone leaves it free for others (`reading`; both are made
in recovery.py). The models as they are declared are `dbt_graph`.
"""

from dataclasses import dataclass

from sources.declarations.city import City
from sources.system.apart import EachApart, each_apart
from sources.system.settings import Settings

INSTALLATION, HELD, READING, DBT_GRAPH = "installation", "held", "reading", "dbt_graph"
"""Names of the resources, hence of the parameters that take them."""


@dataclass(frozen=True, slots=True)
class Installation:
    """Where everything lies, and for whom it is.

    `each_apart` reads and judges files: processes of this machine, or a cluster. `trouble` says, of one that a run was
    to hold, why it may not be written, and what to do.
    """

    settings: Settings
    city: City
    trouble: str | None = None
    each_apart: EachApart = each_apart
