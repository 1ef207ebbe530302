"""What is wrong with a file is said in Chinese or English, whole and in the same words everywhere."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from engine.errors import Problem
from engine.settings import language_of_terminal
from tests.unit.bpmn.diagrams import bpmn
from web.cli import main
from web.problems import CATALOGUE, in_chinese, line

ENGINE = Path(__file__).parents[2] / "engine"
SAYING = [
    *sorted((ENGINE / "bpmn" / "lint").glob("*.py")),
    *(ENGINE / "bpmn" / f"{name}.py" for name in ("clock_rules", "form_data", "parser", "vocabulary")),
    *(ENGINE / "bpmn" / f"{name}.py" for name in ("decision_files", "decisions")),
    ENGINE / "bpmn" / "decision_logic.py",
    ENGINE / "form_files.py",
]  # fmt: skip
#: What the tables and the lists of sentences put together from parts, each of which is there by itself.
MADE_OF_PARTS = 12


def sentences(path: Path) -> Iterator[str]:
    """Each sentence of the file that begins with Expected, with {} for its values."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    parts = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in parts:
            found = node.value
        elif isinstance(node, ast.JoinedStr):
            found = "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
        else:
            continue
        if found.startswith("Expected") and len(found.replace("{}", "").replace("Expected", "").strip()) > MADE_OF_PARTS:
            yield found


def catalogue() -> dict[str, str]:
    rows = [row.split("\t") for row in CATALOGUE.read_text(encoding="utf-8").splitlines()]
    assert all(len(row) == 2 for row in rows)
    assert len({row[0] for row in rows}) == len(rows)
    return dict(row[:2] for row in rows)


def test_every_sentence_of_lint_has_a_chinese_one() -> None:
    known = {re.sub(r"\{\}", "", english) for english in catalogue()}
    said = {sentence for path in SAYING for sentence in sentences(path)}
    missing = sorted(sentence for sentence in said if re.sub(r"\{\}", "", sentence) not in known and not covered(sentence))
    assert missing == []


def covered(sentence: str) -> bool:
    """Whether it is read by a line that has places where it has words that differ."""
    return in_chinese(sentence.replace("{}", "x")) != sentence.replace("{}", "x")


def test_every_chinese_sentence_has_the_values_of_the_english_one() -> None:
    for english, chinese in catalogue().items():
        count = english.count("{}")
        used = re.findall(r"(?<!\{)\{(\d?)\}(?!\})", chinese)
        assert all(not place or int(place) < count for place in used), english
        assert len(used) <= count, english
        assert re.search(r"[\u4e00-\u9fff]", chinese), english
        chinese.format(*["x"] * count)


def problem(message: str, severity: str = "error") -> Problem:
    return Problem("a.bpmn", 7, "task", "rule", message, severity)


def test_a_problem_is_one_line_with_file_line_element_rule_and_sentence() -> None:
    said = problem("Expected a way to every node, but none leads to 'task'", "warning")
    assert line(said, "zh") == "a.bpmn:7: task: [rule] 没有路通向“task”：请补一条流入，或删去它。（警告）"
    assert line(said, "en") == "a.bpmn:7: task: [rule] Expected a way to every node, but none leads to 'task' (warning)"


def test_values_keep_their_places_and_known_words_are_chinese_too() -> None:
    assert in_chinese("Expected something that sets 'total', which the condition reads, but nothing does").startswith(
        "条件 要用变量“total”"
    )
    assert in_chinese("Expected the condition to compile, but 'a >' does not: it ends") == "条件“a >”无法读懂：it ends"
    assert in_chinese("Something new") == "Something new"
    assert "{0.__class__}" in in_chinese("Expected a way to every node, but none leads to '{0.__class__}'")


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({"LC_ALL": "en_US", "LANG": "zh_CN"}, "en"),
        ({"LC_ALL": "", "LC_MESSAGES": "zh_TW", "LANG": "C"}, "zh"),
        ({}, "en"),
    ],
)
def test_the_terminal_says_the_language(environment: dict[str, str], language: str) -> None:
    assert language_of_terminal(environment) == language


def test_lint_answers_in_the_language_of_the_option_or_the_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    file = tmp_path / "p.bpmn"
    file.write_bytes(bpmn('<startEvent id="s"/><scriptTask id="a"><script></script></scriptTask>'))
    arguments = ["lint", str(file)]
    english, chinese = "Expected a script task to have a script, but it is empty", "脚本任务没有脚本：请补上。"
    assert english in CliRunner().invoke(main, arguments).output
    assert chinese in CliRunner().invoke(main, [*arguments, "--language", "zh"]).output
    assert chinese in CliRunner().invoke(main, [*arguments, "--json", "--language", "zh"]).output
    assert chinese in CliRunner().invoke(main, arguments, env={"LANG": "zh_CN.UTF-8"}).output
