with
    regions as (
        select code as region_code, name as region_name, level, parent_code, depth, sequence
        from {{ source("reference", "region") }}
    ),

    -- what a region lies in (itself included), by level
    named as (
        select
            paths.region_code, paths.ancestor_level, paths.ancestor_code, regions.region_name as ancestor_name
        from {{ source("reference", "region_path") }} as paths
        inner join regions on paths.ancestor_code = regions.region_code
    )

select
    regions.region_code,
    regions.region_name,
    regions.level,
    regions.parent_code,
    regions.depth,
    regions.sequence,
    max(case when named.ancestor_level = 'province' then named.ancestor_code end) as province_code,
    max(case when named.ancestor_level = 'province' then named.ancestor_name end) as province_name,
    max(case when named.ancestor_level = 'city' then named.ancestor_code end) as city_code,
    max(case when named.ancestor_level = 'city' then named.ancestor_name end) as city_name,
    max(case when named.ancestor_level = 'county' then named.ancestor_code end) as county_code,
    max(case when named.ancestor_level = 'county' then named.ancestor_name end) as county_name
from regions
inner join named on regions.region_code = named.region_code
group by
    regions.region_code,
    regions.region_name,
    regions.level,
    regions.parent_code,
    regions.depth,
    regions.sequence
