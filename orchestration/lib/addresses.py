"""Addresses of the page: what a link of ours may lead to."""

from urllib.parse import quote, urlencode

import dagster as dg

MARKED_WORKBOOKS = "/feedback/"
"""Below it `orchestration/web/marked_workbooks.py` answers, and not Dagster."""


def asset_page(key: dg.AssetKey, **query: str) -> str:
    """An asset's page: `/assets/raw/students?view=checks`."""
    return "/assets/" + "/".join(quote(part, safe="") for part in key.path) + (f"?{urlencode(query)}" if query else "")


def marked_workbook(name: str) -> str:
    """Where a workbook of the feedback folder is downloaded: `2023/某校_3f9a17c2_校验结果.xlsx`."""
    return MARKED_WORKBOOKS + quote(name)
