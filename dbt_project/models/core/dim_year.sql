with
    calendar as (
        select report_year, as_of, school_year_from, school_year_to, opens, due, freezes
        from {{ source("reference", "report_year") }}
    ),

    -- a workbook may tell of years before the calendar's first
    told as (select distinct report_year from {{ ref("int_measure") }}),

    years as (
        select report_year
        from calendar
        union
        select report_year
        from told
    )

select
    years.report_year,
    years.report_year - 1 as previous_year,
    calendar.as_of,
    calendar.school_year_from,
    calendar.school_year_to,
    calendar.opens,
    calendar.due,
    calendar.freezes,
    told.report_year is not null as has_values
from years
left join calendar on years.report_year = calendar.report_year
left join told on years.report_year = told.report_year
