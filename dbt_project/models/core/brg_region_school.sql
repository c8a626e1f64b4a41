select roster.report_year, path.ancestor_code as region_code, roster.school_code
from {{ ref("int_roster") }} as roster
inner join {{ source("reference", "region_path") }} as path on roster.region_code = path.region_code
