"""One small province for all tests of this room; a test that changes it works on a copy."""

import pytest

from tests.pipelines.road import Province, demo, settings_of


@pytest.fixture(scope="session")
def province(tmp_path_factory: pytest.TempPathFactory) -> Province:
    home = tmp_path_factory.mktemp("province")
    made = demo(home)
    return settings_of(home), made
