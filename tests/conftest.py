"""Settings that every test runs under."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings

# Asserts in the tests' own helpers show what they compared, too.
pytest.register_assert_rewrite(
    *(f"tests.{each.stem}" for each in Path(__file__).parent.glob("[a-z]*") if each.stem != "conftest")
)

# A kernel's first call compiles for seconds and a shared machine stalls: time limits here would only be noise.
QUIET = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}

settings.register_profile("local", **QUIET, print_blob=True)
# The build server tries the same examples every time: a red build must be the change's doing, not the dice's.
settings.register_profile("ci", **QUIET, derandomize=True, print_blob=True)
# A mutant is caught or not; the smallest example that catches it is nobody's business.
settings.register_profile(
    "mutate",
    **QUIET,
    derandomize=True,
    database=None,
    max_examples=60,
    phases=[Phase.explicit, Phase.generate],
)

settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if os.environ.get("CI") else "local"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what asks compiled code where nothing is compiled."""
    if os.environ.get("NUMBA_DISABLE_JIT") != "1":
        return
    for item in items:
        if item.get_closest_marker("compiled"):
            item.add_marker(pytest.mark.skip(reason="the JIT is off"))
