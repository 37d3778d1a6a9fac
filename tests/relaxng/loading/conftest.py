"""Schemas are loaded the same way with the shortcut and without."""

import pytest


@pytest.fixture(scope="module")
def _shortcut() -> None:
    """Take the place of the engine's fixture, which runs each test with and without it."""
