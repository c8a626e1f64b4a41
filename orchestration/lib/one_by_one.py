"""The check that says which workbook or table of many could not be made: it warns, and the run goes on."""

from collections.abc import Sequence

import dagster as dg

ALL_MADE = "all_made"
UNMADE = "没有做成"
DESCRIPTION = "每一份都已做成；没有做成的列在这里，其余不受影响。"


def all_made_spec(asset: dg.AssetKey) -> dg.AssetCheckSpec:
    return dg.AssetCheckSpec(ALL_MADE, asset=asset, description=DESCRIPTION)


def all_made(asset: dg.AssetKey, years: str, failed: Sequence[str]) -> dg.AssetCheckResult:
    """The check's result; `years` are told, `failed` has a line for each that could not be made."""
    return dg.AssetCheckResult(
        asset_key=asset,
        check_name=ALL_MADE,
        passed=not failed,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{years}：" + (f"{len(failed)} 份没有做成，其余不受影响。" if failed else "全部做成。"),
        metadata={"年度": years, "份数": len(failed), UNMADE: dg.MetadataValue.json(list(failed))},
    )


def unmade_in(check: dg.AssetCheckEvaluation) -> list[str]:
    """The lines that a check's evaluation has noted."""
    noted = check.metadata.get(UNMADE) if check.check_name == ALL_MADE else None
    lines = noted.value if isinstance(noted, dg.JsonMetadataValue) else None
    return [str(line) for line in lines or ()]
