"""The decision tables hold what the handbooks say of urgency, charges, night duty and callbacks."""

from functools import cache
from typing import Any

import pytest

from engine.bpmn.decisions import compile_decisions
from engine.bpmn.parser import read_xml
from tests.processes.play import PROCESSES


@cache
def decision(process: str, name: str) -> Any:
    path = PROCESSES / process / f"{name}.dmn"
    return compile_decisions(read_xml(path.read_bytes(), path.name), path.name)[name]


def urgency(kind: str, extent: str = "room", danger: bool = False) -> str:
    return str(decision("repair", "repair_class").evaluate({"kind": kind, "extent": extent, "danger": danger}))


@pytest.mark.parametrize("kind", ["pipe_leak", "fire", "crime"])
def test_flooding_fire_and_crime_are_emergencies(kind: str) -> None:
    assert urgency(kind) == "emergency"


@pytest.mark.parametrize("kind", ["water_out", "power_out", "aircon_out", "phone_out"])
def test_a_supply_that_is_out_beyond_one_room_is_an_emergency(kind: str) -> None:
    assert urgency(kind, "beyond") == "emergency"
    assert urgency(kind, "room") != "emergency"


@pytest.mark.parametrize("kind", ["structure", "wiring", "pump", "tap_leak", "railing", "falling"])
def test_what_endangers_or_cuts_supply_is_urgent(kind: str) -> None:
    assert urgency(kind) == "urgent"


def test_anything_dangerous_is_urgent_and_the_rest_is_normal() -> None:
    assert [urgency("other", danger=True), urgency("other"), urgency("seepage"), urgency("no such kind")] == ["urgent", *["normal"] * 3]


def charged(kind: str, area: str = "indoor", warranty: bool = False) -> bool:
    result = decision("repair", "repair_tariff").evaluate({"kind": kind, "area": area, "warranty": warranty})
    return bool(result["charged"])


def test_only_private_parts_out_of_warranty_are_charged() -> None:
    assert charged("drain")
    assert not charged("drain", area="public")
    assert not charged("drain", warranty=True)
    assert not charged("structure")


def test_every_kind_of_the_form_has_an_item_of_the_price_list() -> None:
    for kind in ("pipe_leak", "tap", "appliance", "door_window", "other", "fire"):
        assert decision("repair", "repair_tariff").evaluate({"kind": kind, "area": "indoor", "warranty": False})["item"]


@pytest.mark.parametrize(
    ("night", "desk", "posts"),
    [
        (False, "duty_officer", "engineering_supervisor"),
        (True, "duty_officer", "duty_officer,order_officer"),
        (True, "control_room", "control_room,order_officer"),
    ],
)
def test_by_night_whoever_keeps_watch_dispatches_and_a_guard_stands_in(night: bool, desk: str, posts: str) -> None:
    assert decision("repair", "repair_route").evaluate({"night": night, "night_desk": desk}) == posts


@pytest.mark.parametrize(
    ("kind", "standard", "rate"),
    [
        ("repair", "PT24H", 100),
        ("complaint", "PT24H", 100),
        ("paid_service", "P7D", 100),
        ("developer", "P7D", 100),
        ("activity", "P7D", 10),
        ("other", "P7D", 0),
    ],
)
def test_a_callback_has_the_limit_and_the_rate_of_its_kind(kind: str, standard: str, rate: int) -> None:
    found = decision("callback", "callback_limit").evaluate({"kind": kind, "urgency": "normal", "repair_kind": ""})
    assert (found["standard"], found["rate"]) == (standard, rate)
