select indicator_code, definition, text, base from {{ source("reference", "indicator_definition") }}
