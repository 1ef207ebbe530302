"""What may be filled into each kind of field: marshmallow fields that turn an answer into what is stored, or say what is wrong.

An error is raised as a mapping with a code and its figures; form_messages.py has the sentences.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from typing import Any, NoReturn

from marshmallow import ValidationError, fields

from engine.bpmn import patterns
from engine.form_components import Component

MAX_TEXT = 10_000  # characters, where the form sets no maximum
MAX_ATTACHMENTS = 20
MAX_DIGITS = 40
MAX_NUMBER = 1e15
PATTERN_SECONDS = 0.1

_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?|[+-]?\.[0-9]+")
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s.]{1,63}(\.[^@\s.]{1,63})+")
_TELEPHONE = re.compile(r"\+?[0-9()（）\-— /]+")
_HASH = re.compile(r"[0-9a-f]{64}")
_WORD = r"\w\uff3f\u0300-\u036f\U00020000-\U0003ffff"  # Python's letters, and some that people write: ＿, accents apart, rare names
_HOUSE = re.compile(rf"[{_WORD}.\-#/ ·]{{1,40}}")
_LOGIN = re.compile(rf"[{_WORD}.\-@+]{{1,64}}")
_UNSTORABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def wrong(code: str, **figures: Any) -> NoReturn:
    raise ValidationError({"code": code, **figures})


class Answer(fields.Field[Any]):
    """One field of a form. `None` and empty answers never come here: whether they may be is decided before."""

    def __init__(self, component: Component) -> None:
        super().__init__(data_key=component.key, attribute=component.key)
        self.component = component

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **others: Any) -> Any:
        return answered(self.component, value)


def answered(component: Component, value: Any) -> Any:
    """What is stored when this is answered; raises ValidationError."""
    return _READERS[component.answer](component, value)


def _plain(value: Any) -> str:
    """Text that every database can keep."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        wrong("text")
    if isinstance(value, int) and abs(value) > MAX_NUMBER:
        wrong("text")  # thousands of digits would not even print
    text = value if isinstance(value, str) else str(value)
    if len(text) > MAX_TEXT * 10:
        wrong("too_long", limit=MAX_TEXT, found=len(text))
    if _UNSTORABLE.search(text):
        wrong("characters")
    return text.replace("\r\n", "\n").strip()


def _text(component: Component, value: Any) -> str:
    text = _plain(value)
    limit = MAX_TEXT if component.max_length is None else component.max_length
    if len(text) > limit:
        wrong("too_long", limit=limit, found=len(text))
    if component.min_length is not None and len(text) < component.min_length:
        wrong("too_short", limit=component.min_length, found=len(text))
    if component.pattern is not None and not _fits(component.pattern, text):
        wrong("pattern")
    return text


def _fits(pattern: str, text: str) -> bool:
    try:
        return patterns.compiled(pattern).search(text, timeout=PATTERN_SECONDS) is not None
    except TimeoutError:  # some patterns take for ever on some texts
        return False


def _matching(pattern: re.Pattern[str], code: str) -> Callable[[Component, Any], Any]:
    def read(component: Component, value: Any) -> str:
        text = _text(component, value)
        if not pattern.fullmatch(text):
            wrong(code)
        return text

    return read


def _telephone(component: Component, value: Any) -> str:
    text = _text(component, value)
    if not _TELEPHONE.fullmatch(text) or not 5 <= sum(character.isdigit() for character in text) <= 20:
        wrong("telephone")
    return text


def _number(component: Component, value: Any) -> Any:
    number = _read_number(value)
    if not abs(number) <= MAX_NUMBER:  # also when it is not a number
        wrong("number")
    if component.digits is not None and abs(round(number, component.digits) - number) > 1e-9 * max(1, abs(number)):
        wrong("digits", limit=component.digits)
    if component.min is not None and number < component.min:
        wrong("min", limit=component.min)
    if component.max is not None and number > component.max:
        wrong("max", limit=component.max)
    return str(number) if component.as_text else number


def _read_number(value: Any) -> int | float:
    if isinstance(value, str):
        text = value.strip()
        if len(text) > MAX_DIGITS or not _NUMBER.fullmatch(text):
            wrong("number")
        return float(text) if "." in text else int(text)
    if isinstance(value, bool) or not isinstance(value, int | float):
        wrong("number")
    return value


def _checkbox(component: Component, value: Any) -> bool:
    known = {"true": True, "on": True, "false": False, "": False}
    ticked = value if isinstance(value, bool) else known.get(value) if isinstance(value, str) else None
    if ticked is None:
        wrong("boolean")
    if component.required and not ticked:
        wrong("tick")
    return ticked


def _one_of(component: Component, value: Any) -> Any:
    if isinstance(value, str | int | float | bool):
        for choice in component.values:
            if choice["value"] == value or _as_written(choice["value"]) == _as_written(value):
                return choice["value"]
    wrong("choice", found=str(value)[:40])


def _as_written(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _several_of(component: Component, value: Any) -> list[Any]:
    given = value if isinstance(value, list) else [value]
    if len(given) > len(component.values):
        wrong("too_many", limit=len(component.values))
    chosen = [_one_of(component, item) for item in given]
    if component.properties.get("all") == "true" and component.required and len(_distinct(chosen)) < len(component.values):
        wrong("all")
    return _distinct(chosen)


def _distinct(values: list[Any]) -> list[Any]:
    return [value for index, value in enumerate(values) if value not in values[:index]]


def _attachments(component: Component, value: Any) -> list[str]:
    given = value if isinstance(value, list) else [value]
    if len(given) > MAX_ATTACHMENTS:
        wrong("too_many", limit=MAX_ATTACHMENTS)
    for item in given:
        if not isinstance(item, str) or not _HASH.fullmatch(item):
            wrong("attachment")
    return _distinct(given)


def _attachment(component: Component, value: Any) -> str:
    if not isinstance(value, str) or not _HASH.fullmatch(value):
        wrong("signature")
    return value


def _moment(code: str, read: Callable[[str], date | time]) -> Callable[[Component, Any], Any]:
    def moment(component: Component, value: Any) -> str:
        if not isinstance(value, str) or len(value) > MAX_DIGITS:
            wrong(code)
        try:
            return read(value.strip()).isoformat()
        except ValueError:
            wrong(code)

    return moment


_READERS: Mapping[str, Callable[[Component, Any], Any]] = {
    "text": _text, "email": _matching(_EMAIL, "email"), "telephone": _telephone, "house": _matching(_HOUSE, "house"),
    "person": _matching(_LOGIN, "person"), "signature": _attachment, "attachments": _attachments, "number": _number,
    "entry": _text, "checkbox": _checkbox, "choice": _one_of, "choices": _several_of,
    "date": _moment("date", date.fromisoformat), "time": _moment("time", time.fromisoformat),
    "datetime": _moment("datetime", datetime.fromisoformat),
}  # fmt: skip
