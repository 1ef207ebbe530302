"""By which terms a case is found."""

import pytest

from engine import search

FIELDS = {
    "number": "WX-S1-202611-0001",
    "house": "A-12",
    "caller": "欧阳明",
    "telephone": "13800001234",
    "content": "厨房漏水,3号楼1201室 Kitchen tap",
}


def finds(query: str, fields: dict[str, str]) -> bool:
    wanted = search.terms_of_query(query)
    return bool(wanted) and set(wanted) <= search.terms_of(fields)


@pytest.mark.parametrize(
    "query",
    [
        "漏水", "厨房漏水", "厨房 漏水", "水", "欧阳", "欧阳明", "明", "A-12", "a-12", "A12", "A-12", "WX-S1-202611-0001",
        "wx-s1-202611-0001", "0001", "202611-0001", "13800001234", "138 0000 1234", "138-0000-1234", "+86 138 0000 1234", "1234",
        "kitchen", "KITCHEN tap", "1201室", "1201", "漏水 a-12 1234",
    ],
)  # fmt: skip
def test_a_case_is_found_by(query: str) -> None:
    assert finds(query, FIELDS)


NOT_THERE = ["漏电", "水漏", "阳欧", "A-1", "A-13", "0002", "1235", "kitch", "漏水 停电", "13800001235", "", " ", "。,!", "-"]


@pytest.mark.parametrize("query", NOT_THERE)
def test_a_case_is_not_found_by(query: str) -> None:
    assert not finds(query, FIELDS)


def test_houses_that_differ_only_by_the_place_of_the_hyphen_are_kept_apart() -> None:
    assert finds("1-12", {"house": "1-12"})
    assert not finds("1-12", {"house": "11-2"})


def test_a_telephone_that_was_noted_in_groups_is_found_by_the_whole_number_and_its_end() -> None:
    fields = {"telephone": "138 0000 1234", "office": "0755-88123456"}
    for query in ("13800001234", "1234", "0755-88123456", "075588123456", "3456"):
        assert finds(query, fields), query


def test_two_numbers_beside_each_other_are_not_taken_for_one_telephone() -> None:
    assert search.terms_of_query("1201 13800001234") == ["13800001234", "1201"]


def test_a_very_long_text_gives_a_bounded_number_of_terms() -> None:
    text = "".join(chr(0x4E00 + number % 5_000) for number in range(100_000))
    assert len(search.terms_of({"content": text})) <= 2 * search.FIELD_LENGTH
    assert len(search.terms_of_query(text)) <= search.QUERY_TERMS
    assert all(len(term) <= search.TERM_LENGTH for term in search.terms_of({"content": "x" * 400 + " " + "-".join("ab" * 30)}))
