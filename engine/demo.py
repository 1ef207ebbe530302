"""The demonstration: three sites with houses, residents and a person for every post. Deterministic but for the passwords."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from engine import history, passwords, sites
from engine.actors import Actor
from engine.posts import POSTS
from engine.tables import House, Membership, Person, Resident, Site

SEED = 20260302
SITES = {"S1": ("翠湖花园", "云杉路8号"), "S2": ("云山名邸", "望山街16号"), "S3": ("滨江雅苑", "江堤路3号")}
BUILDINGS = "ABCD"
HOUSES_IN_BUILDING = 25
TWICE = ("customer_service", "technician")  # the pool and the second signature need two of them
SPECIMEN = ("A-12", "13800001234")  # the house that the tour begins with
_SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾"
_GIVEN = (
    "伟", "芳", "娜", "敏", "静", "磊", "军", "洋", "艳", "勇", "杰", "娟", "涛", "明", "超", "霞", "平", "刚", "桂英", "秀兰",
    "建国", "志强", "晓东", "海燕", "玉梅", "文博", "思远", "雨桐", "子涵", "浩然", "佳怡", "国栋", "春梅", "立新", "红梅", "永康",
)  # fmt: skip


@dataclass(frozen=True)
class Credential:
    """How a person of the demonstration logs in: told once, kept nowhere."""

    login: str
    name: str
    posts: tuple[str, ...]
    site: str
    password: str


def build(
    session: Session, now: datetime, seed: int = SEED, codes: Sequence[str] = tuple(SITES), with_passwords: bool = True
) -> list[Credential]:
    """Make the sites that are not there yet and return how their people log in; what is there stays as it is.

    Without passwords nobody can log in, and it takes a tenth of the time: for scenarios and tests that never do.
    """
    there = set(session.scalars(select(Site.code)))
    made: list[Credential] = []
    for code in codes:
        if code not in there:
            made += _build_site(session, code, now, random.Random(f"{seed} {code}"), with_passwords)
    return made


def login_of(who: str, site: str) -> str:
    """The login of a post's demonstration person: `technician_2` at S1 is technician_2.s1."""
    return f"{who}.{site.lower()}"


def _build_site(session: Session, code: str, now: datetime, chance: random.Random, with_passwords: bool) -> list[Credential]:
    name, street = SITES[code]
    actor = Actor.system()
    sites.add(session, code, name, actor, now)
    _add_houses(session, code, f"{street}{name}", chance)
    credentials = list(_people(code, chance))
    hashes: Sequence[str | None] = [None] * len(credentials)
    if with_passwords:
        hashes = [passwords.hashed(credential.password) for credential in credentials]
    _add_people(session, credentials, hashes, now)
    people = {credential.login: list(credential.posts) for credential in credentials}
    history.append_site(session, code, "demonstration.built", actor, now, {"people": people})
    return credentials


def _people(code: str, chance: random.Random) -> Iterator[Credential]:
    keys = [post.key for post in POSTS.values() if not post.outside]
    names = _names(chance)
    for key in keys:
        for who in (key, f"{key}_2") if key in TWICE else (key,):
            yield Credential(login_of(who, code), next(names), (key,), code, passwords.random_password())


def _add_people(session: Session, credentials: Sequence[Credential], hashes: Sequence[str | None], now: datetime) -> None:
    people = [
        Person(login=credential.login, name=credential.name, password_hash=password_hash, created_at=now)
        for credential, password_hash in zip(credentials, hashes, strict=True)
    ]
    session.add_all(people)
    session.flush()
    for person, credential in zip(people, credentials, strict=True):
        session.add_all(Membership(person_id=person.id, site=credential.site, post=post) for post in credential.posts)
    session.flush()


def _add_houses(session: Session, code: str, address: str, chance: random.Random) -> None:
    houses = [
        House(site=code, code=f"{building}-{number}", address=f"{address}{building}座{number}室", area=chance.randint(620, 1480) / 10)
        for building in BUILDINGS
        for number in range(1, HOUSES_IN_BUILDING + 1)
    ]
    session.add_all(houses)
    session.flush()
    telephones = (f"138000{number:05}" for number in range(2_000 * (1 + list(SITES).index(code)), 100_000))
    names = _names(chance)
    rows = []
    for house in houses:
        for place, kind in enumerate(_kinds(chance)):
            telephone = SPECIMEN[1] if (house.code, place) == (SPECIMEN[0], 0) and code == "S1" else next(telephones)
            rows.append({"site": code, "house_id": house.id, "name": next(names), "telephone": telephone, "kind": kind})
    session.execute(insert(Resident), rows)


def _kinds(chance: random.Random) -> list[str]:
    """Every house has its owner; some a family, some a tenant."""
    return ["owner", *chance.choices([[], ["family"], ["tenant"], ["family", "family"]], weights=[50, 25, 15, 10])[0]]


def _names(chance: random.Random) -> Iterator[str]:
    """Different names, as long as there are any."""
    every = [surname + given for surname in _SURNAMES for given in _GIVEN]
    chance.shuffle(every)
    return iter(every)
