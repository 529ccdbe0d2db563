"""An empty store of each kind."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine import migrations, store
from engine.store import Store


@pytest.fixture
def empty_store(tmp_path: Path) -> Iterator[Store]:
    opened = store.connect(f"sqlite:///{tmp_path / 'bansou.sqlite3'}")
    migrations.upgrade(opened)
    yield opened
    opened.close()
