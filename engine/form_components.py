"""What a form consists of, in our words."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

INPUTS = ("textfield", "textarea", "number", "checkbox", "select", "radio", "checklist", "taglist", "datetime", "filepicker")
SHOWN = ("text", "separator", "spacer", "group")


@dataclass(frozen=True)
class Component:
    """One thing on a form: a field, a text, or a group of others. Fields have a key, the name of their variable."""

    id: str
    type: str
    key: str | None = None
    label: str = ""
    text: str = ""  # of a text component; {{ name }} stands for a variable
    description: str = ""
    default: Any = None
    values: Sequence[Mapping[str, Any]] = ()  # choices: {"label", "value"}
    required: bool = False
    min: float | None = None
    max: float | None = None
    min_length: int | None = None
    max_length: int | None = None
    pattern: str | None = None
    readonly: bool = False
    withheld: bool = False  # from who does this task: neither shown nor taken
    hide: str | None = None  # FEEL; hidden when it is true
    subtype: str = ""  # of a datetime: date, time or datetime
    digits: int | None = None  # of a number: how many decimals
    as_text: bool = False  # of a number: stored as text
    validation: str = ""  # email or phone
    properties: Mapping[str, str] = field(default_factory=dict)
    components: "Sequence[Component]" = field(default_factory=list)  # of a group

    @property
    def is_input(self) -> bool:
        return self.type in INPUTS

    def name(self, language: str = "zh") -> str:
        """What people call the field."""
        english = self.properties.get("label_en") if language == "en" else None
        return english or self.label or self.key or self.id

    @property
    def posts(self) -> list[str]:
        """Of a field for a person: the posts of which they must hold one."""
        return [post.strip() for post in self.properties.get("user", "").split(",") if post.strip()]

    @property
    def answer(self) -> str:
        """What kind of answer the field takes."""
        if self.type in ("textfield", "textarea"):
            for name, kind in _BY_PROPERTY:
                if self.properties.get(name) == "true":
                    return kind
            return {"email": "email", "phone": "telephone"}.get(self.validation, "text")
        if self.type == "select" and self.properties.get("user"):
            return "person"
        if self.type == "select" and self.properties.get("list"):
            return "entry"
        return self.subtype if self.type == "datetime" else _BY_TYPE[self.type]

    @property
    def is_picture(self) -> bool:
        """Whether only pictures are an answer: signatures and photographs, but not papers."""
        return self.answer == "signature" or (self.answer == "attachments" and self.properties.get("photo") == "true")

    @property
    def nothing(self) -> Any:
        """What is stored when there is no answer."""
        return {"checkbox": False, "choices": [], "attachments": []}.get(self.answer)


_BY_PROPERTY = (("signature", "signature"), ("photo", "attachments"), ("telephone", "telephone"), ("house", "house"))
_BY_TYPE = {
    "number": "number", "checkbox": "checkbox", "select": "choice", "radio": "choice",
    "checklist": "choices", "taglist": "choices", "filepicker": "attachments",
}  # fmt: skip


def fields_of(components: Sequence[Component]) -> Iterator[Component]:
    """Every field at any depth, in the order of the form."""
    for component in components:
        if component.is_input:
            yield component
        yield from fields_of(component.components)
