select code as industry_code, label as industry_label, sequence
from {{ source("reference", "codelist_entry") }}
where codelist = 'industries'
