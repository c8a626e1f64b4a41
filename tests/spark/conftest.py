"""The tests on Spark share one cluster of this machine."""

from collections.abc import Iterator

import pytest

from tests.spark.standalone import Standalone, standalone


@pytest.fixture(scope="session")
def of_two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standalone]:
    """A cluster of two workers. Do not kill them."""
    with standalone(tmp_path_factory.mktemp("standalone")) as cluster:
        yield cluster
