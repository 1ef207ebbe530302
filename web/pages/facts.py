"""What is known of a case, ready to be read: labels from the forms, values in words, telephones by right."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from engine import masking, residents
from engine.queries_case import Fact
from web.pages import fields


@dataclass(frozen=True)
class ReadableFact:
    """One fact as the page shows it; `hashes` are its pictures."""

    key: str
    label: str
    kind: str  # text, telephone, pictures
    text: str = ""
    hashes: tuple[str, ...] = ()


def readable(facts: Iterable[Fact], names: Mapping[str, str], zone: ZoneInfo, opens_telephones: bool) -> list[ReadableFact]:
    return [_readable(fact, names, zone, opens_telephones) for fact in facts]


def _readable(fact: Fact, names: Mapping[str, str], zone: ZoneInfo, opens_telephones: bool) -> ReadableFact:
    component, value = fact.component, fact.value
    key, label = component.key or "", fields.label_of(component)
    if component.answer in ("attachments", "signature"):
        hashes = [value] if isinstance(value, str) else value
        return ReadableFact(key, label, "pictures", hashes=tuple(one for one in hashes if isinstance(one, str)))
    if component.answer == "telephone":
        number = str(value)
        kind, shown = ("telephone", number) if opens_telephones else ("text", residents.masked(number))
        return ReadableFact(key, label, kind, shown)
    text = fields.in_words(component, value, names, zone)
    if not opens_telephones:
        text = residents.masked_name(text) if masking.names_a_resident(component) else masking.without_telephones(text)
    return ReadableFact(key, label, "text", text)
