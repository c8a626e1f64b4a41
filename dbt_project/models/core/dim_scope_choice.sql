with
    years as (select distinct report_year from {{ ref("int_roster") }}),

    topics as (
        select code as topic from {{ source("reference", "codelist_entry") }} where codelist = 'topics'
    ),

    bureaus as (select code, region_code from {{ source("reference", "respondent") }} where kind = 'bureau'),

    first_scope as (select code as scope_code from {{ source("reference", "scope") }} where sequence = 1),

    paths as (
        select region_code, ancestor_code, ancestor_depth from {{ source("reference", "region_path") }}
    ),

    chosen as (
        select choices.report_year, bureaus.region_code, choices.topic, choices.scope as scope_code
        from {{ ref("stg_scope_choice") }} as choices
        inner join bureaus on choices.respondent_code = bureaus.code
    ),

    -- what its own bureau has chosen, or the one of the narrowest region that it lies in, or else the first
    -- scope
    possible as (
        select
            chosen.report_year,
            paths.region_code,
            chosen.topic,
            chosen.scope_code,
            paths.ancestor_depth as rank
        from paths
        inner join chosen on paths.ancestor_code = chosen.region_code
        union all
        select
            years.report_year, regions.code as region_code, topics.topic, first_scope.scope_code, -1 as rank
        from years
        cross join {{ source("reference", "region") }} as regions
        cross join topics
        cross join first_scope
    ),

    ranked as (
        select
            report_year,
            region_code,
            topic,
            scope_code,
            row_number() over (
                partition by report_year, region_code, topic order by rank desc nulls last
            ) as position
        from possible
    )

select report_year, region_code, topic, scope_code
from ranked
where position = 1
