"""The databases of the tests are fresh, and made by the same migrations as everybody's."""

from sqlalchemy import create_engine, inspect


def test_a_fresh_database_has_the_tables(database_url: str) -> None:
    engine = create_engine(database_url)
    assert len(inspect(engine).get_table_names()) > 10
    engine.dispose()
