"""What is wrong with a file, in the reader's language. The engine says it in English; here are the Chinese sentences.

`translations/problems_zh.tsv` has a line for each sentence: English, a tab, Chinese. `{}` stands for what differs from case to case, in the
same order, or by number. What has no line stays English: nothing is left unsaid.
"""

import re
from functools import cache
from pathlib import Path

from engine.errors import Problem

CATALOGUE = Path(__file__).parent / "translations" / "problems_zh.tsv"
LANGUAGES = ("zh", "en")


def sentence(problem: Problem, language: str) -> str:
    """The problem's message in this language."""
    return in_chinese(problem.message) if language == "zh" else problem.message


def line(problem: Problem, language: str) -> str:
    """File, line, element, rule and sentence, as they are printed."""
    said = f"{problem.file}:{problem.line}: {problem.element}: [{problem.rule}] {sentence(problem, language)}"
    warning = " (warning)" if language == "en" else "（警告）"
    return said if problem.severity == "error" else said + warning


def in_chinese(message: str) -> str:
    for pattern, chinese in _sentences():
        if found := pattern.fullmatch(message):
            # What stands in a place of a sentence may be words of ours again; names of the file stay as they are.
            return chinese.format(*map(in_chinese, found.groups()))
    return message


@cache
def _sentences() -> list[tuple[re.Pattern[str], str]]:
    """The sentences, those with more words of their own first."""
    rows = [row.split("\t") for row in CATALOGUE.read_text(encoding="utf-8").splitlines() if row]
    rows.sort(key=lambda row: -len(row[0].replace("{}", "")))
    return [(re.compile("(.*?)".join(map(re.escape, english.split("{}"))), re.DOTALL), chinese) for english, chinese in rows]
