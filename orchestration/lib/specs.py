"""Every asset describes itself through these functions, so that all do it alike."""

from collections.abc import Iterable, Mapping
from typing import Any

import dagster as dg

OWNERS = ("team:bureau",)
"""The bureau's clerks: whoever has to act when an asset or its check fails."""


def spec(
    key: dg.AssetKey,
    group: str,
    kinds: Iterable[str],
    description: str,
    deps: Iterable[dg.AssetKey] = (),
    metadata: Mapping[str, Any] | None = None,
) -> dg.AssetSpec:
    """An asset of one group (groups.py); its tag `layer` is the group without its number."""
    return dg.AssetSpec(
        key,
        deps=list(deps),
        description=description,
        metadata=metadata,
        group_name=group,
        owners=OWNERS,
        kinds=set(kinds),
        tags={"layer": group.partition("_")[2]},
    )


def about(years: Iterable[int]) -> str:
    """`2022、2023年度`, as results of checks begin."""
    return f"{'、'.join(map(str, sorted(years)))}年度"
