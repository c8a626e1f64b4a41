select code as scope_code, label, description, sequence
from {{ source("reference", "scope") }}
union all
select 'school' as scope_code, '本校' as label, '单个学校' as description, cast(0 as bigint) as sequence
