from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def models() -> Path:
    """Folder of the specs that come with the package."""
    return Path(__file__).parents[1] / "models"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real public data beside the checkout; tests that need it skip where it is absent."""
    folder = Path(__file__).parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the real data folder ../shared/data is not beside the checkout")
    return folder
