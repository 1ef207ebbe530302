"""Who acts: every command is told, and history keeps it."""

from dataclasses import dataclass

# Without a login these are the machine itself, or the operator at its command line: what they may do is decided by the machine's owner.
_TRUSTED = frozenset({"system", "timer", "cli"})
LINK = "link"  # source of acts by a resident's personal link; no login of a person has a colon in it


@dataclass(frozen=True)
class Absent:
    """Somebody who is away, and whose tasks at a site the actor does meanwhile: with the posts that the absent one holds there."""

    login: str
    site: str
    posts: frozenset[str]
    keys: frozenset[str] | None = None  # only tasks of these processes; None: of all


@dataclass(frozen=True)
class Actor:
    """A person with the posts that they hold now, or the machine."""

    login: str | None
    source: str  # page, api, cli, webhook, link, system, timer
    posts: frozenset[tuple[str, str]] = frozenset()  # (site, post)
    stands_in_for: tuple[Absent, ...] = ()

    @classmethod
    def system(cls, source: str = "system") -> "Actor":
        """The machine itself, acting for nobody."""
        return cls(None, source)

    @classmethod
    def by_link(cls, link_id: int, site: str) -> "Actor":
        """A resident, as far as they are known: by their personal link."""
        return cls(f"{LINK}:{link_id}", LINK, frozenset({(site, "resident")}))

    @property
    def is_by_link(self) -> bool:
        return self.source == LINK

    @property
    def is_system(self) -> bool:
        return self.login is None and self.source in _TRUSTED

    @property
    def sites(self) -> frozenset[str]:
        """The sites at which the person holds any post."""
        return frozenset(site for site, _ in self.posts)

    def absent(self, site: str, key: str) -> list[Absent]:
        """For whom the person does tasks of this process at the site."""
        return [one for one in self.stands_in_for if one.site == site and (one.keys is None or key in one.keys)]

    def at(self, site: str) -> frozenset[str]:
        """The posts that the person holds at the site."""
        return frozenset(post for place, post in self.posts if place == site)

    def has(self, site: str, *posts: str) -> bool:
        """Whether the person holds one of the posts at the site."""
        return any((site, post) in self.posts for post in posts)

    def holds(self, *posts: str) -> bool:
        """Whether the person holds one of the posts at any site."""
        return any(post in posts for _, post in self.posts)
