select table_code, row_number, group_label, item_label, indicator_code, shows_change
from {{ source("reference", "table_row") }}
