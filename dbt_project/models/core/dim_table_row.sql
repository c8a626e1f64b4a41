select table_code, row_number, group_label, item_label, indicator_code, shows_change, since, until
from {{ source("reference", "table_row") }}
