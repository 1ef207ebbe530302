"""Stored states that something has damaged: each is refused, by its checksum, and never taken for another one."""

import hashlib
import random
import tracemalloc
import zlib
from collections import Counter
from collections.abc import Callable

import pytest

from engine.bpmn import codec
from engine.bpmn.codec import CHECK, FORMAT, LARGEST, MAGIC
from engine.bpmn.triggers import StateCorrupt
from engine.bpmn.workflow import Workflow
from engine.errors import LimitExceeded
from tests.conformance.drive import Drive, bpmn
from tests.crash.sizes import size
from tests.samples.plays import samples

pytestmark = pytest.mark.crash
MUTATIONS = size(short=200, full=2_000)
SEED = 20_260_302
HEAD = len(MAGIC) + 1 + CHECK


def flip_a_bit(state: bytes, _other: bytes, chance: random.Random) -> bytes:
    changed = bytearray(state)
    changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def cut_off(state: bytes, _other: bytes, chance: random.Random) -> bytes:
    return state[: chance.randrange(len(state))]


def swap_pieces(state: bytes, _other: bytes, chance: random.Random) -> bytes:
    one, two, three = sorted(chance.sample(range(len(state)), 3))
    return state[:one] + state[two:three] + state[one:two] + state[three:]


def insert(state: bytes, _other: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(state) + 1)
    return state[:at] + chance.randbytes(chance.randrange(1, 9)) + state[at:]


def leave_out(state: bytes, _other: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(state))
    return state[:at] + state[at + chance.randrange(1, 9) :]


def overwrite(state: bytes, _other: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(state))
    return state[:at] + bytes(chance.randrange(1, 40)) + state[at + 1 :]


def splice(state: bytes, other: bytes, chance: random.Random) -> bytes:
    """The beginning of one and the end of another."""
    return state[: chance.randrange(len(state))] + other[chance.randrange(len(other)) :]


def other_body(state: bytes, other: bytes, _chance: random.Random) -> bytes:
    """The checksum of one and the content of another."""
    return state[:HEAD] + other[HEAD:]


def twice(state: bytes, _other: bytes, _chance: random.Random) -> bytes:
    return state + state


def of_another_definition(_state: bytes, other: bytes, _chance: random.Random) -> bytes:
    return other


def noise(state: bytes, _other: bytes, chance: random.Random) -> bytes:
    return chance.randbytes(len(state))


DAMAGES: list[Callable[[bytes, bytes, random.Random], bytes]] = [
    flip_a_bit,
    cut_off,
    swap_pieces,
    insert,
    leave_out,
    overwrite,
    splice,
    other_body,
    twice,
    of_another_definition,
    noise,
]


def packed(body: bytes) -> bytes:
    """Something with a right checksum: what no accident makes, but a hand could."""
    return MAGIC + bytes([FORMAT]) + hashlib.sha256(body).digest()[:CHECK] + body


def test_no_damage_to_a_stored_state_goes_unnoticed() -> None:
    chance = random.Random(SEED)
    kept = list(samples())
    executables = {str(sample): sample.compile() for sample in kept}
    refused: Counter[str] = Counter()
    while refused.total() < MUTATIONS:
        sample, other = chance.sample(kept, 2)
        if executables[str(sample)].fingerprint == executables[str(other)].fingerprint:
            continue  # two stories of one diagram
        state = sample.state(chance.randrange(len(sample.rests)))
        damage = DAMAGES[refused.total() % len(DAMAGES)]
        damaged = damage(state, other.state(chance.randrange(len(other.rests))), chance)
        if damaged == state:  # two equal pieces swapped, a zero overwritten by a zero
            continue
        with pytest.raises(StateCorrupt, match=r"^Expected"):
            Workflow.load(executables[str(sample)], damaged)
        refused[damage.__name__] += 1
    assert refused.keys() == {damage.__name__ for damage in DAMAGES}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no stream",
        zlib.compress(b""),
        zlib.compress(b"o"),
        zlib.compress(b"onull"),
        zlib.compress(b"o{}"),
        zlib.compress(b"o[" * 10),
        zlib.compress(b"j" + b"[" * 100_000),
        zlib.compress(b"x{}"),
        zlib.compress(b'o{"tokens": []}')[:-1],
        zlib.compress(b'o{"tokens": []}') + b"more",
    ],
    ids=repr,
)
def test_what_a_hand_has_written_is_refused_by_what_it_says(body: bytes) -> None:
    with pytest.raises(StateCorrupt, match=r"^Expected"):
        codec.read(packed(body[:1_000_000]))


@pytest.mark.parametrize("filling", [b"[", b"0", b" ", b"[{},"], ids=repr)
def test_a_few_kilobytes_that_unpack_to_gigabytes_are_refused_without_room_for_them(filling: bytes) -> None:
    stream, parts = zlib.compressobj(9), []
    for _ in range(size(short=64, full=2_048)):  # a megabyte each
        parts.append(stream.compress(filling * (1_000_000 // len(filling))))
    bomb = packed(b"".join([*parts, stream.flush()]))
    tracemalloc.start()
    try:
        with pytest.raises(StateCorrupt, match=f"at most {LARGEST} bytes"):
            codec.read(bomb)
        assert tracemalloc.get_traced_memory()[1] < 3 * LARGEST
    finally:
        tracemalloc.stop()


def test_the_state_of_another_instance_of_the_same_definition_is_refused() -> None:
    run = Drive(bpmn('<startEvent id="s"/><userTask id="a"/>\ns -> a'))
    state = Workflow.load(run.executable, run.state).dump(7)
    assert Workflow.load(run.executable, state, 7).dump(7) == state
    with pytest.raises(StateCorrupt, match="state of instance 8, but found that of instance 7"):
        Workflow.load(run.executable, state, 8)


def test_what_could_not_be_read_again_is_not_stored() -> None:
    run = Drive(bpmn('<startEvent id="s"/><userTask id="a"/>\ns -> a'))
    with pytest.raises(LimitExceeded, match=f"at most {LARGEST} bytes"):
        run.set(text="x" * (LARGEST + 1))


def test_a_token_on_an_element_that_is_not_there_is_refused() -> None:
    """As if a later release compiled a stored definition to other elements."""
    run = Drive(bpmn('<startEvent id="s"/><userTask id="a"/>\ns -> a'))
    text = zlib.decompress(run.state[HEAD:]).replace(b'"a"', b'"b"')
    with pytest.raises(StateCorrupt, match="there is no 'b'"):
        Workflow.load(run.executable, packed(zlib.compress(text)))
