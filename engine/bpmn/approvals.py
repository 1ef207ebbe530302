"""What `steward:approval` and `steward:buttons` say: by which rule several people decide, and what each of them may say."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Final

from engine.bpmn.model import Activity

APPROVE: Final = "approve"
REJECT: Final = "reject"
REFUSING: Final = frozenset({REJECT, "refuse", "no"})
MARKS: Final = frozenset({"reason", "signature", "refuse"})
KINDS: Final = ("all", "any", "sequence", "share")
EXAMPLE: Final = "approve=同意; reject=不同意!reason"
SAID: Final = ("decision", "reason", "signature")  # what people say by a button, beside their form
_KEY: Final = re.compile(r"[A-Za-z_]\w{0,39}", re.ASCII)
_SHARE: Final = re.compile(r"(0|1|0?\.\d{1,6}|0\.\d{1,6}|1\.0{1,6})", re.ASCII)


class Unreadable(ValueError):
    """A property does not say what it should; the message completes "Expected …, but"."""


@dataclass(frozen=True)
class Button:
    """One thing that a person may decide. `refuses` counts against, everything else in favour."""

    key: str
    label: str
    english: str
    needs_reason: bool = False
    needs_signature: bool = False
    refuses: bool = False

    def name(self, language: str = "zh") -> str:
        return self.english if language == "en" and self.english else self.label


@dataclass(frozen=True)
class Rule:
    """How many must be in favour. `all` and `sequence` differ only in who is asked when."""

    kind: str
    share: Fraction = Fraction(1)

    def result(self, approved: int, refused: int, asked: int) -> bool | None:
        """Whether it is approved (True) or refused (False), or None while it can still become either."""
        if self.kind == "any":
            return None if approved + refused == 0 else approved > 0
        needed = self.share * asked
        if asked - refused < needed:
            return False
        return True if approved >= needed else None


DEFAULT: Final = (
    Button(APPROVE, "同意", "Approve"),
    Button(REJECT, "不同意", "Reject", needs_reason=True, refuses=True),
)


def rule_of(properties: Mapping[str, str]) -> Rule | None:
    """The rule that the properties of an activity name; None where one alone decides, or none can be read (lint has said so)."""
    try:
        return read_rule(properties["approval"]) if "approval" in properties else None
    except Unreadable:
        return None


def read_rule(text: str) -> Rule:
    """`all`, `any`, `sequence` or `share:0.6`. Raises Unreadable."""
    kind, _, share = (part.strip() for part in text.partition(":"))
    if kind not in KINDS or bool(share) != (kind == "share"):
        raise Unreadable(f"it is '{text[:60]}'")
    if kind != "share":
        return Rule(kind)
    if not _SHARE.fullmatch(share) or Fraction(share) == 0:
        raise Unreadable(f"'{share[:40]}' is no share above 0 and up to 1")
    return Rule(kind, Fraction(share))


def buttons_of(activity: Activity) -> Sequence[Button]:
    """What the people of an activity may decide; nothing where they just do it."""
    written = activity.properties.get("buttons")
    if written:
        return _read_or_none(written)
    return DEFAULT if "approval" in activity.properties else ()


@lru_cache(maxsize=1_000)
def _read_or_none(text: str) -> Sequence[Button]:
    try:
        return read_buttons(text)
    except Unreadable:
        return ()


def read_buttons(text: str) -> tuple[Button, ...]:
    """`key=label|English!reason!signature!refuse`, several between semicolons. Raises Unreadable."""
    buttons = tuple(_button(part.strip()) for part in text.split(";") if part.strip())
    if not buttons:
        raise Unreadable("there is none")
    twice = next((one.key for one in buttons if [each.key for each in buttons].count(one.key) > 1), None)
    if twice is not None:
        raise Unreadable(f"'{twice}' is there twice")
    if all(one.refuses for one in buttons):
        raise Unreadable("every one of them refuses")
    return buttons


def _button(text: str) -> Button:
    key, equals, rest = (part.strip() for part in text.partition("="))
    words, *marks = (part.strip() for part in rest.split("!"))
    label, _, english = (part.strip() for part in words.partition("|"))
    if not equals or not _KEY.fullmatch(key):
        raise Unreadable(f"'{text[:60]}' does not begin with a key of letters, digits or _ and =")
    if not label or len(label) > 40 or len(english) > 40:
        raise Unreadable(f"'{key}' has no label of 1 to 40 characters")
    if unknown := [mark for mark in marks if mark not in MARKS]:
        raise Unreadable(f"there is no mark '!{unknown[0][:40]}'")
    return Button(key, label, english, "reason" in marks, "signature" in marks, key in REFUSING or "refuse" in marks)


def names_set(activity_id: str, properties: Mapping[str, str]) -> Iterator[str]:
    """The variables that an activity may set by what its people decide; votes also where somebody adds a signer."""
    yield f"{activity_id}_votes"
    if "approval" in properties or "buttons" in properties:
        yield from (f"{activity_id}_{name}" for name in SAID)
