"""What a message says that reaches somebody outside the pages. A site may say it in its own words: a site variable `notice_text_<kind>`."""

import re
from collections.abc import Mapping
from typing import Final

from engine.errors import Invalid
from engine.sites import SiteFacts

MAX_TEXT: Final = 1_000
PREFIX: Final = "notice_text_"
# `{{ name }}` stands for what the message is about. What is unknown stays empty.
NAMES: Final = ("number", "title", "task", "due", "who", "text", "site", "link")
DEFAULTS: Final[Mapping[str, Mapping[str, str]]] = {
    "new_task": {
        "zh": "【新任务】{{ task }}（{{ number }} {{ title }}）{{ due }}\n{{ link }}",
        "en": "[New task] {{ task }} ({{ number }} {{ title }}) {{ due }}\n{{ link }}",
    },
    "notice": {"zh": "【提醒】{{ text }}\n{{ link }}", "en": "[Notice] {{ text }}\n{{ link }}"},
    "reminded": {
        "zh": "【催办】{{ who }} 催办“{{ task }}”（{{ number }}）{{ text }}\n{{ link }}",
        "en": "[Reminder] {{ who }} asks for “{{ task }}” ({{ number }}) {{ text }}\n{{ link }}",
    },
    "delegated": {
        "zh": "【请协办】{{ who }} 请您协助“{{ task }}”（{{ number }}）：{{ text }}\n{{ link }}",
        "en": "[Please help] {{ who }} asks you to help with “{{ task }}” ({{ number }}): {{ text }}\n{{ link }}",
    },
    "answered": {
        "zh": "【协办已回复】{{ who }} 回复了“{{ task }}”（{{ number }}）：{{ text }}\n{{ link }}",
        "en": "[Answered] {{ who }} answered about “{{ task }}” ({{ number }}): {{ text }}\n{{ link }}",
    },
    "mentioned": {
        "zh": "【提到您】{{ who }} 在 {{ number }} 的备注中提到您：{{ text }}\n{{ link }}",
        "en": "[Mentioned] {{ who }} mentioned you in {{ number }}: {{ text }}\n{{ link }}",
    },
    "clock_warned": {
        "zh": "【快到时限】{{ number }} “{{ text }}”即将到时限\n{{ link }}",
        "en": "[Due soon] {{ number }}: “{{ text }}” is about to be late\n{{ link }}",
    },
    "clock_breached": {
        "zh": "【已超时限】{{ number }} “{{ text }}”已超过时限\n{{ link }}",
        "en": "[Late] {{ number }}: “{{ text }}” is over its time limit\n{{ link }}",
    },
}
DUE: Final = {"zh": "，{} 前完成", "en": "by {}"}
_PLACE = re.compile(r"\{\{\s*(\w+)\s*\}\}")


def of(facts: SiteFacts, kind: str, language: str) -> str:
    """The text of a kind at a site, with its places open. A kind without words of its own is told as a notice."""
    known = DEFAULTS.get(kind, DEFAULTS["notice"])
    own = facts.variables.get(variable(kind, language))
    return own if isinstance(own, str) and own.strip() else known[language if language in known else "zh"]


def variable(kind: str, language: str) -> str:
    """The name of the site variable that holds the site's own words."""
    return f"{PREFIX}{kind}" if language == "zh" else f"{PREFIX}{kind}_{language}"


def filled(text: str, values: Mapping[str, str]) -> str:
    """The text with its places filled; no line is left empty, and no blank before a bracket is left over."""
    lines = (re.sub(r"\s+", " ", _PLACE.sub(lambda place: values.get(place[1], ""), line)).strip() for line in text.splitlines())
    said = "\n".join(line for line in lines if line)
    return re.sub(r"[（(] ?[)）]", "", re.sub(r" (?=[）)，：])", "", said))


def check(text: str) -> str:
    """A site's own words; raises Invalid for what is too long or has a place that nothing fills."""
    if len(text) > MAX_TEXT:
        raise Invalid(f"Expected at most {MAX_TEXT} characters, but there are {len(text)}", {"text": f"最多 {MAX_TEXT} 个字"})
    unknown = sorted({place for place in _PLACE.findall(text) if place not in NAMES})
    if unknown:
        allowed = "、".join(f"{{{{ {name} }}}}" for name in NAMES)
        raise Invalid(f"Expected only places of {', '.join(NAMES)}, but found {', '.join(unknown)}", {"text": f"只能写 {allowed}"})
    return text.strip()
