"""Real servers to break."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cluster.servers import Cluster, Server, missing


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """Three nodes, one standby in step, automatic fail-over."""
    if lacking := missing():
        pytest.skip(lacking)
    with Cluster() as running:
        yield running


@pytest.fixture
def whole(cluster: Cluster) -> Cluster:
    """The same, once it has got over what the test before did to it."""
    cluster.wait()
    return cluster


@pytest.fixture(scope="session")
def single() -> Iterator[Server]:
    """One server that may be crashed and frozen."""
    if lacking := missing():
        pytest.skip(lacking)
    with Server() as running:
        yield running
