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
    {% for level in ["province", "city", "county"] %}
        max(case when named.ancestor_level = '{{ level }}' then named.ancestor_code end) as {{ level }}_code,
        max(
            case when named.ancestor_level = '{{ level }}' then named.ancestor_name end
        ) as {{ level }}_name{{ "" if loop.last else "," }}
    {% endfor %}
from regions
inner join named on regions.region_code = named.region_code
group by
    regions.region_code,
    regions.region_name,
    regions.level,
    regions.parent_code,
    regions.depth,
    regions.sequence
