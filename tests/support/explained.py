"""Cells with approved explanations, whatever they say: for tests of where a footnote stands."""

from sources.declarations.city import load_city
from sources.system.settings import Settings
from warehouse.run.build import build
from warehouse.store.connection import open_working


def explain(settings: Settings, condition: str) -> None:
    """Cells that a condition on registry.cell selects get a warning with an approved explanation of their own."""
    with open_working(settings) as connection:
        connection.execute(f"""
            create temp table asked as
            select
                row_number() over (order by submission_id, sheet.name, record, column_name) as number,
                cells.*,
                sheet.title,
                respondent_code,
                report_year
            from (select * from registry.cell where {condition}) as cells
            inner join registry.submission using (submission_id)
            inner join reference.sheet as sheet on cells.sheet = sheet.name
            where raw_text <> ''
        """)
        connection.execute("""
            insert into registry.explanation
            select
                'E' || number, respondent_code, report_year, submission_id, 'r', 'v', title, column_name, record,
                raw_text, 0, '原因' || number, '李老师', 'approved', '王科长', report_year + 3
            from asked
        """)
        connection.execute("""
            insert into registry.finding by name
            select
                'F' || number as finding_id, submission_id, 'intake' as stage, 'r' as rule_id, 'warning' as severity,
                '' as file_name,
                title as sheet, cell, column_name, cast(record as varchar) as record_key, raw_text as value,
                'v' as rule_version, '' as suggestion, 'E' || number as explanation_id, '' as message, '' as fix
            from asked
        """)
    assert build(settings, load_city(settings.city_dir).pack).success
