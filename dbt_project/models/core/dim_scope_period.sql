select code as scope_code, from_year, to_year, label, description
from {{ source("reference", "scope_period") }}
