"""What narrows the inbox: read from the address, said in chips, and put back into addresses."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from flask import url_for
from flask_babel import gettext
from werkzeug.datastructures import MultiDict

from engine import saved_lists
from engine.inbox_counts import Count
from engine.inbox_walks import Filter
from web import words

FLAGS = ("late", "soon", "follow_up")
SITES_AS_CHIPS = 4  # more are chosen in the form


@dataclass(frozen=True)
class Chip:
    """A filter that one tap puts on or takes off; `count` says what one would see."""

    text: str
    address: str
    on: bool
    count: Count | None = None


@dataclass(frozen=True)
class Asked:
    """What stands in the address bar of a list."""

    said: Mapping[str, str]
    names: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # of processes, activities and people, by filter

    def get(self, name: str) -> str | None:
        return self.said.get(name)

    @property
    def q(self) -> str | None:
        return self.said.get("q")

    @property
    def narrows(self) -> bool:
        return bool(self.said.keys() - {"box"})

    def address(self, **changes: str | None) -> str:
        """The address of this list with some of its filters changed; a change to None takes the filter away."""
        kept = {**self.said, **changes}
        if "key" in changes and changes["key"] != self.said.get("key"):
            kept.pop("activity", None)  # it belongs to the process
        return url_for("inbox.show", **{name: value for name, value in kept.items() if value is not None})

    def wanted(self, now: datetime) -> Filter:
        def moment(name: str) -> datetime | None:
            return now if self.said.get(name) else None

        texts = {name: self.said.get(name) for name in ("site", "key", "activity", "post", "q")}
        return Filter(**texts, assignee=self.said.get("who"), **{name: moment(name) for name in FLAGS})

    def chips(self, sites: Sequence[str], posts: Mapping[str, Count]) -> list[Chip]:
        """Flags and what there is little choice of as switches; whatever else narrows the list, to be taken off."""
        flags = {"late": gettext("只看超时"), "soon": gettext("即将到期"), "follow_up": gettext("到跟进日")}
        found = [self._switch(name, "1", text) for name, text in flags.items()]
        if self.q:
            found.append(self._switch("q", self.q, f"“{self.q}”"))
        choices = {"post": sorted(posts) if len(posts) > 1 else [], "site": sites if 1 < len(sites) <= SITES_AS_CHIPS else []}
        for name in ("post", "site", "key", "activity", "who"):
            few, said = list(choices.get(name, [])), self.said.get(name)
            values = few if said is None or said in few else [*few, said]
            found += [self._switch(name, one, self.in_words(name, one), posts.get(one) if name == "post" else None) for one in values]
        return found

    def in_words(self, name: str, value: str) -> str:
        if name == "post":
            return words.post_name(value)
        return self.names.get(name, {}).get(value, value)

    def _switch(self, name: str, value: str, text: str, count: Count | None = None) -> Chip:
        on = self.said.get(name) == value
        return Chip(text, self.address(**{name: None if on else value}), on, count)


def read(said: MultiDict[str, str]) -> Asked:
    """The filters of an address; what is not one is left out."""
    values = {name: said.get(name, "").strip() for name in saved_lists.FILTERS}
    return Asked({name: value for name, value in values.items() if value})
