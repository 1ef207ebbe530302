"""Residents in texts: what looks like a number to call is masked, what only looks like figures is not."""

import pytest

from engine import masking
from engine.masking import Known

OF_A_CASE = Known(frozenset({"李雷"}), frozenset({"88888888"}), frozenset({"A-1", "A-12", "3-2-501"}))


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("电话13800001234", "电话138****1234"),
        ("138 0000 1234、138-0000-1234", "138****1234、138****1234"),
        ("+86 13800001234", "138****1234"),
        ("028-86661234", "028****1234"),
        ("李雷：88888888", "李*：****8888"),
        ("A-1 与 a12", "A-** 与 A-**"),
        ("3-2-501漏水", "3-**漏水"),
        ("5幢 302 和 Room 302", "5幢** 和 Room **"),
    ],
)
def test_numbers_names_and_flats_are_masked_however_they_are_written(written: str, shown: str) -> None:
    assert masking.in_text(written, OF_A_CASE, hides_houses=True) == shown


@pytest.mark.parametrize(
    "text", ["WX-S1-202603-0001 03-02 09:02", "13800001234567", "a13800001234f", "A-123 与 BA-1", "2楼大厅 3 台", "2026-03-02"]
)
def test_other_figures_stay(text: str) -> None:
    assert masking.in_text(text, OF_A_CASE, hides_houses=True) == text


def test_on_the_pages_a_house_stays() -> None:
    assert masking.in_text("A-12 李雷", OF_A_CASE) == "A-12 李*"


def test_what_nobody_can_read_any_more_is_hidden_whole() -> None:
    assert (masking.in_text("A-12", Known(is_whole=False)), masking.in_text("", Known(is_whole=False))) == ("***", "")
