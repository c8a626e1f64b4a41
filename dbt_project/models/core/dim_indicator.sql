select
    code as indicator_code,
    label,
    chapter,
    topic,
    kind,
    level,
    unit,
    scale,
    decimals,
    display,
    definition,
    source,
    time_basis,
    direction,
    sequence
from {{ source("reference", "indicator") }}
