"""The reference page of every public column: key, type, unit, status, comment."""

from warehouse.catalogue.catalogue import Catalogue
from warehouse.catalogue.markdown import page_text, table_lines
from warehouse.catalogue.public_tables import PublicColumn, PublicTable, public_tables


def columns_page(catalogue: Catalogue) -> str:
    """The page in Markdown; the same is in the published file, in the schema `catalogue`."""
    tables = public_tables(catalogue)
    lines = [
        f"供分析的表 {len(tables)} 张，共 {sum(len(table.columns) for table in tables)} 列，"
        f"没有主键的表 {sum(not table.key for table in tables)} 张。",
        "“键”一栏：主 是主键的一部分，→ 是外键。“状态”一栏：值为什么没有、算不算完整，由同一行的哪一列说明。"
        "有固定取值的列，在发布的数据库里是 ENUM 类型，取值写在说明之后。",
        "发布的数据库里也有这些：`catalogue.table`、`catalogue.column`、`catalogue.foreign_key`。",
        "",
    ]
    for table in tables:
        lines += [f"## {table.schema}.{table.name}", "", table.description, ""]
        lines += [f"- 一行是什么：{table.grain}", f"- 主键：{'、'.join(f'`{name}`' for name in table.key)}"]
        lines += [f"- 可以回答：{table.question}", "", "```sql", table.example, "```", ""]
        lines += table_lines(
            ("列", "键", "类型", "单位", "状态", "说明"),
            (
                (f"`{each.name}`", _key(table, each), each.type, each.unit, _named(each.status_column), _told(each))
                for each in table.columns
            ),
        )
    return page_text("供分析的表和列", lines)


def _key(table: PublicTable, column: PublicColumn) -> str:
    """Whether a column belongs to the key, and which tables it refers to."""
    refers = [f"→ `{key.schema}.{key.table}`" for key in table.foreign_keys if column.name in key.columns]
    return " ".join((["主"] if column.name in table.key else []) + refers)


def _named(column: str) -> str:
    return f"`{column}`" if column else ""


def _told(column: PublicColumn) -> str:
    allowed = "、".join(f"`{value}`" for value in column.allowed)
    return f"{column.description}（{allowed}）" if allowed else column.description
