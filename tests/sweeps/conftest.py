from __future__ import annotations

import pytest
from support import postgres


@pytest.fixture(scope="session")
def postgres_url():
    with postgres.server() as url:
        yield url


@pytest.fixture(params=["sqlite", "journal", "postgresql"])
def url(request, tmp_path):
    """An empty storage of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/grid/study.db"
    if request.param == "journal":
        return f"journal:///{tmp_path}/grid/study.journal"
    import sqlalchemy

    server = request.getfixturevalue("postgres_url")
    engine = sqlalchemy.create_engine(server, isolation_level="AUTOCOMMIT")
    name = f"study_{abs(hash(str(tmp_path)))}"
    with engine.connect() as connection:
        connection.execute(sqlalchemy.text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return server.replace("/postgres?", f"/{name}?")
