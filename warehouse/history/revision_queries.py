"""The queries of a publication's revisions: which printed figures it changed, and what each school moved of them.

`{before core.x}` and `{since core.x}` stand for a public table as it was known until the publication, and from it on.
"""

import re
from collections.abc import Mapping

TABLE_THEN = re.compile(r"\{(before|since) ([\w.]+)\}")
NEEDED: Mapping[str, frozenset[str]] = {
    "core.fct_indicator_value": frozenset(
        (
            *("report_year", "subject_kind", "subject_code", "scope_code", "indicator_code", "definition", "numerator"),
            *("denominator", "value", "display", "status", "n_reported"),
        )
    ),
    "core.fct_indicator_change": frozenset(("report_year", "region_code", "indicator_code", "scope_code")),
    "core.dim_indicator": frozenset(("indicator_code", "label", "unit", "kind", "scale")),
    "core.dim_school": frozenset(("report_year", "school_code", "bureau_code")),
    "core.brg_region_school": frozenset(("report_year", "region_code", "school_code")),
    "core.brg_scope_school": frozenset(("report_year", "scope_code", "school_code")),
    "quality.submission": frozenset(("report_year", "respondent_code", "region_code", "submission_id", "is_current")),
}
"""Table → the columns that these queries read."""
TABLES = """
    create schema if not exists history.report;
    create table if not exists history.report.revision (
        report_year bigint, region_code varchar, indicator_code varchar, known_from timestamptz, label varchar,
        unit varchar, scope_before varchar, scope_after varchar, definition_before varchar, definition_after varchar,
        status_before varchar, status_after varchar, reported_before bigint, reported_after bigint,
        display_before varchar, display_after varchar, value_before decimal(38, 12), value_after decimal(38, 12),
        difference decimal(38, 12), primary key (report_year, region_code, indicator_code, known_from));
    comment on table history.report.revision is
        '每个印出的数字的历次变化：从什么时候起、原来、现在、相差多少；一行一个年度、地区、指标、时刻';
    create table if not exists history.report.revision_part (
        report_year bigint, region_code varchar, indicator_code varchar, known_from timestamptz, part bigint,
        cause varchar, school_code varchar, respondent_code varchar, submission_before varchar,
        submission_after varchar, numerator_change decimal(38, 4), denominator_change decimal(38, 4),
        difference decimal(38, 12), primary key (report_year, region_code, indicator_code, known_from, part));
    comment on table history.report.revision_part is
        '每次变化的原因：version 报送，definition 定义或规则，scope 口径，roster 名册，together 不能分开；相加等于相差';
"""
CHANGED_FIGURES = """
    insert into history.report.revision
    with
        printed_before as (
            from {before core.fct_indicator_value} as facts
            semi join {before core.fct_indicator_change} as chosen
                on facts.subject_kind = 'region' and facts.subject_code = chosen.region_code
                and facts.report_year = chosen.report_year and facts.scope_code = chosen.scope_code
                and facts.indicator_code = chosen.indicator_code
        ),
        printed_since as (
            from {since core.fct_indicator_value} as facts
            semi join {since core.fct_indicator_change} as chosen
                on facts.subject_kind = 'region' and facts.subject_code = chosen.region_code
                and facts.report_year = chosen.report_year and facts.scope_code = chosen.scope_code
                and facts.indicator_code = chosen.indicator_code
        )
    select report_year, subject_code, indicator_code, {at}, labels.label, labels.unit,
        was.scope_code, printed.scope_code, was.definition, printed.definition, was.status, printed.status,
        was.n_reported, printed.n_reported, was.display, printed.display, was.value, printed.value,
        cast(printed.value - was.value as decimal(38, 12))
    from printed_before as was
    full join printed_since as printed using (report_year, subject_code, indicator_code)
    left join {since core.dim_indicator} as labels using (indicator_code)
    where (was.scope_code, was.definition, was.status, was.n_reported, was.display, was.value)
        is distinct from
        (printed.scope_code, printed.definition, printed.status, printed.n_reported, printed.display, printed.value)
"""
SHARES = """
    with
        figures as (
            select revision.report_year, revision.region_code, revision.indicator_code, scope_before, scope_after,
                difference, labels.kind = 'ratio' as is_ratio, labels.scale,
                definition_before is distinct from definition_after as is_redefined,
                scope_before is distinct from scope_after as has_other_scope,
                coalesce(was.numerator, 0) as numerator_before, coalesce(printed.numerator, 0) as numerator_since,
                coalesce(was.denominator, 0) as denominator_before,
                coalesce(printed.denominator, 0) as denominator_since
            from history.report.revision as revision
            inner join {since core.dim_indicator} as labels using (indicator_code)
            inner join {before core.fct_indicator_value} as was
                on was.subject_kind = 'region' and was.subject_code = revision.region_code
                and was.report_year = revision.report_year and was.scope_code = revision.scope_before
                and was.indicator_code = revision.indicator_code
            inner join {since core.fct_indicator_value} as printed
                on printed.subject_kind = 'region' and printed.subject_code = revision.region_code
                and printed.report_year = revision.report_year and printed.scope_code = revision.scope_after
                and printed.indicator_code = revision.indicator_code
            where revision.known_from = {at} and difference <> 0
        ),
        -- a school that no bureau lists is in no figure
        members as (
            select report_year, regions.region_code, scope_code, school_code, 1 as was_in, 0 as is_in
            from {before core.brg_scope_school}
            inner join {before core.brg_region_school} as regions using (report_year, school_code)
            semi join (from {before core.dim_school} where bureau_code is not null) as listed
                using (report_year, school_code)
            union all
            select report_year, regions.region_code, scope_code, school_code, 0, 1
            from {since core.brg_scope_school}
            inner join {since core.brg_region_school} as regions using (report_year, school_code)
            semi join (from {since core.dim_school} where bureau_code is not null) as listed
                using (report_year, school_code)
        ),
        schools as (
            select figures.report_year, figures.region_code, indicator_code, school_code, max(was_in) as was_in,
                max(is_in) as is_in
            from figures
            inner join members
                on figures.report_year = members.report_year and figures.region_code = members.region_code
                and members.scope_code = case when members.was_in = 1 then scope_before else scope_after end
            group by all
        ),
        amounts as (
            select schools.*, coalesce(was.numerator, 0) as numerator_before,
                coalesce(now.numerator, 0) as numerator_since, coalesce(was.denominator, 0) as denominator_before,
                coalesce(now.denominator, 0) as denominator_since,
                'suppressed' in (coalesce(was.status, ''), coalesce(now.status, '')) as is_hidden
            from schools
            left join {before core.fct_indicator_value} as was
                on was.subject_kind = 'school' and was.subject_code = schools.school_code
                and was.report_year = schools.report_year and was.indicator_code = schools.indicator_code
            left join {since core.fct_indicator_value} as now
                on now.subject_kind = 'school' and now.subject_code = schools.school_code
                and now.report_year = schools.report_year and now.indicator_code = schools.indicator_code
        ),
        sums as (
            select report_year, region_code, indicator_code, bool_or(is_hidden) as is_hidden,
                sum(was_in * numerator_before) as numerator_before, sum(is_in * numerator_since) as numerator_since,
                sum(was_in * denominator_before) as denominator_before,
                sum(is_in * denominator_since) as denominator_since
            from amounts
            group by all
        ),
        -- a side is split where it is the sum of what its schools show, before and since
        split as (
            select figures.*,
                not coalesce(sums.is_hidden, true) and figures.numerator_before = sums.numerator_before
                and figures.numerator_since = sums.numerator_since as splits_numerator,
                not coalesce(sums.is_hidden, true) and figures.denominator_before = sums.denominator_before
                and figures.denominator_since = sums.denominator_since as splits_denominator
            from figures
            left join sums using (report_year, region_code, indicator_code)
        ),
        shares as (
            select report_year, region_code, indicator_code, 'data' as how, school_code,
                was_in * is_in * (numerator_since - numerator_before) as numerator,
                was_in * is_in * (denominator_since - denominator_before) as denominator
            from amounts
            union all
            select report_year, region_code, indicator_code, 'members', school_code,
                (1 - was_in) * is_in * numerator_since - was_in * (1 - is_in) * numerator_before,
                (1 - was_in) * is_in * denominator_since - was_in * (1 - is_in) * denominator_before
            from amounts
        ),
        told as (
            select report_year, region_code, indicator_code, how, school_code,
                case when splits_numerator then numerator else 0 end as numerator,
                case when splits_denominator then denominator else 0 end as denominator
            from shares
            inner join split using (report_year, region_code, indicator_code)
            union all
            select report_year, region_code, indicator_code, 'whole', null,
                case when splits_numerator then 0 else numerator_since - numerator_before end,
                case when splits_denominator then 0 else denominator_since - denominator_before end
            from split
        )
    select report_year, region_code, indicator_code, scale, is_ratio, is_redefined, has_other_scope,
        split.numerator_before, split.numerator_since, split.denominator_before, split.denominator_since, difference,
        how, school_code, coalesce(bureaus.bureau_code, earlier.bureau_code), cast(told.numerator as decimal(38, 4)),
        cast(told.denominator as decimal(38, 4))
    from told
    inner join split using (report_year, region_code, indicator_code)
    left join {since core.dim_school} as bureaus using (report_year, school_code)
    left join {before core.dim_school} as earlier using (report_year, school_code)
    where (told.numerator, told.denominator) <> (0, 0)
    order by report_year, region_code, indicator_code, how, school_code
"""
VERSIONS = """
    with
        changed as (
            select report_year, respondent_code, coalesce(now.region_code, was.region_code) as region_code,
                was.submission_id as before, now.submission_id as since
            from (from {before quality.submission} where is_current) as was
            full join (from {since quality.submission} where is_current) as now using (report_year, respondent_code)
            where was.submission_id is distinct from now.submission_id
        ),
        -- where a respondent lies: its own region, and those in which its school is one of the region's
        places as (
            select report_year, respondent_code, region_code from changed
            union
            select report_year, school_code, region_code from {since core.brg_region_school}
            union
            select report_year, bureau_code, regions.region_code
            from {since core.dim_school}
            inner join {since core.brg_region_school} as regions using (report_year, school_code)
        )
    select report_year, places.region_code, respondent_code, before, since
    from changed
    inner join places using (report_year, respondent_code)
"""


def at_moment(query: str, at: str) -> str:
    """A query of these with the moment of the publication (SQL) put in."""
    moments = {"before": f"{at} - interval 1 microsecond", "since": at}
    told = TABLE_THEN.sub(lambda found: f"history.{found[2]}({moments[found[1]]})", query)
    return told.replace("{at}", at)
