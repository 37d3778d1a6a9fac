"""The tests of the shortcut have nothing to run without it."""

import pytest


@pytest.fixture(scope="module")
def _shortcut() -> None:
    """Take the place of the engine's fixture, which runs each test with and without it."""
