"""The demonstration sites."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select

from engine import demo, history, identity, residents
from engine.actors import Actor
from engine.db import Database
from engine.posts import POSTS
from engine.tables import Base, House, Person, Resident, Site

NOW = datetime(2026, 3, 2, 1, tzinfo=UTC)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    yield database
    database.dispose()


def build(database: Database, seed: int = demo.SEED, with_passwords: bool = False) -> list[demo.Credential]:
    with database.transaction() as session:
        return demo.build(session, NOW, seed, with_passwords=with_passwords)


def test_three_sites_have_three_hundred_houses_and_somebody_in_each(database: Database) -> None:
    build(database)
    with database.read() as session:
        assert [(site.code, site.zone) for site in session.scalars(select(Site).order_by(Site.code))] == [
            (code, "Asia/Shanghai") for code in ("S1", "S2", "S3")
        ]
        assert session.scalar(select(func.count()).select_from(House)) == 300
        assert session.scalar(select(func.count(func.distinct(Resident.house_id)))) == 300
        telephones = list(session.scalars(select(Resident.telephone)))
        assert len(telephones) == len(set(telephones))
        assert all(len(telephone) == 11 and telephone.startswith("138") for telephone in telephones)
        clerk = Actor("customer_service.s1", "page", identity.posts_of(session, "customer_service.s1"))
        assert residents.house(session, "S1", "A-12", clerk).residents[0].telephone == "13800001234"


def test_every_post_of_staff_has_its_person_at_every_site_and_pools_have_two(database: Database) -> None:
    build(database)
    staff = [post.key for post in POSTS.values() if not post.outside]
    with database.read() as session:
        for site in demo.SITES:
            for post in staff:
                logins = identity.holders_of(session, site, [post])[post]
                expected = [f"{post}.{site.lower()}"] + ([f"{post}_2.{site.lower()}"] if post in demo.TWICE else [])
                assert logins == sorted(expected)


def test_building_again_changes_nothing_and_tells_no_passwords(database: Database) -> None:
    build(database)
    with database.read() as session:
        before = session.execute(select(Person.login, Person.name, Person.password_hash).order_by(Person.id)).all()
    assert build(database) == []
    with database.read() as session:
        assert session.execute(select(Person.login, Person.name, Person.password_hash).order_by(Person.id)).all() == before
        assert list(history.verify(session)) == []


def test_each_person_logs_in_with_the_password_that_was_told(database: Database) -> None:
    with database.transaction() as session:
        credentials = demo.build(session, NOW, codes=["S2"])
        assert len({credential.password for credential in credentials}) == len(credentials)
        for credential in credentials[:3]:
            assert identity.authenticate(session, credential.login, credential.password, "127.0.0.1", NOW)


def test_the_same_seed_gives_the_same_people(sqlite_url: str) -> None:
    names = []
    for url in (sqlite_url, f"{sqlite_url}.second"):
        database = Database(url)
        Base.metadata.create_all(database.engine)
        names.append([(credential.login, credential.name) for credential in build(database)])
        database.dispose()
    assert names[0] == names[1]
