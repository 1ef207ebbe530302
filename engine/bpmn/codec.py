"""The stored form of an instance: tokens, scopes and counters, in one checked and versioned piece of bytes."""

import hashlib
import json
import zlib
from typing import Any

import orjson

from engine.bpmn.executable import Executable
from engine.bpmn.instance import Instance, Token
from engine.bpmn.rows import LISTENING, place_row, row_of
from engine.bpmn.triggers import StateCorrupt
from engine.errors import LimitExceeded

FORMAT = 1  # a later format goes on reading this one: tests/samples keeps states of every release
WITH_PAST = 2  # the same, with what was done before; only of processes in which a task may be returned or withdrawn
MAGIC = b"SW"
CHECK = 8  # bytes of the checksum
KEYS = {"fingerprint", "numbers", "completed", "performers", "variables", "details", "tokens"}
LEVEL = 1  # of compression: the higher ones take longer than the disk
LARGEST = 32_000_000  # bytes once unpacked: a few stored kilobytes must not be able to fill the memory


def dump(instance: Instance, fingerprint: str, instance_id: int | None = None) -> bytes:
    """Everything that the instance needs to go on, and nothing of its definition."""
    root = instance.root
    state = {
        "instance": instance_id,
        "fingerprint": fingerprint,
        "numbers": instance.numbers,
        "completed": instance.completed,
        "performers": instance.performers,
        "variables": root.variables,
        "details": root.details,
    }
    if instance.past is not None:
        state["past"] = instance.past.stored() | {"ended": sorted(root.ended)}
    if instance.signed:
        state["signed"] = instance.signed
    text = _text(state, instance.all_tokens())
    if len(text) > LARGEST:
        raise LimitExceeded(f"Expected an instance of at most {LARGEST} bytes before it is compressed, but this one would have {len(text)}")
    body = zlib.compress(text, LEVEL)
    return MAGIC + bytes([FORMAT if instance.past is None else WITH_PAST]) + _check(body) + body


def load(executable: Executable, state: bytes, instance_id: int | None = None) -> Instance:
    """The instance as it was, or StateCorrupt. `instance_id` is whose state it must be; the first release did not write that down."""
    values = read(state)
    if (found := values.get("instance")) is not None and instance_id is not None and found != instance_id:
        raise StateCorrupt(f"Expected the state of instance {instance_id}, but found that of instance {found}")
    if values["fingerprint"] != executable.fingerprint:
        raise StateCorrupt(f"Expected a state of definition {executable.fingerprint}, but found one of {values['fingerprint']}")
    instance = Instance(executable.elements, executable.body)
    instance.numbers, instance.completed, instance.performers = values["numbers"], values["completed"], values["performers"]
    instance.signed = values.get("signed", {})
    instance.root.variables, instance.root.details = values["variables"], values["details"]
    if instance.past is not None and "past" in values:
        instance.past.read(values["past"])
        instance.root.ended = frozenset(values["past"]["ended"])
    try:
        for row in values["tokens"]:
            # Release 0.1.0 forgot to end the boundary events of a multi-instance that was done: their owner is no more.
            if row[3] != LISTENING or not row[2] or str(row[2]) in instance.tasks:
                place_row(instance, row, instance.tasks[str(row[2]) if row[2] else ""], row[0])
    except KeyError as error:
        raise StateCorrupt(f"Expected tokens on elements of the definition, but there is no {error}") from error
    return instance


def read(state: bytes) -> dict[str, Any]:
    """The checked contents of a stored state."""
    start = len(MAGIC) + 1
    body = state[start + CHECK :]
    if state[: len(MAGIC)] != MAGIC or len(state) <= start + CHECK:
        raise StateCorrupt("Expected a stored state, but found something else")
    if state[len(MAGIC)] not in (FORMAT, WITH_PAST):
        raise StateCorrupt(f"Expected a state of format {FORMAT}, but found format {state[len(MAGIC)]}")
    if state[start : start + CHECK] != _check(body):
        raise StateCorrupt("Expected a state as it was stored, but its checksum is wrong")
    text = _unpacked(body)
    try:
        values: dict[str, Any] = json.loads(text[1:]) if text[:1] == b"j" else orjson.loads(text[1:])
    except (ValueError, RecursionError) as error:
        raise StateCorrupt(f"Expected the text of a state, but: {error}") from error
    if not isinstance(values, dict) or not values.keys() >= KEYS:
        raise StateCorrupt("Expected tokens and variables, but found something else")
    return values


def _unpacked(body: bytes) -> bytes:
    """The text, which may not be larger than any that was stored."""
    stream = zlib.decompressobj()
    try:
        text = stream.decompress(body, LARGEST)
    except zlib.error as error:
        raise StateCorrupt(f"Expected a compressed state, but: {error}") from error
    if stream.unconsumed_tail or not stream.eof:
        raise StateCorrupt(f"Expected a whole state of at most {LARGEST} bytes, but there is more, or its end is missing")
    return text


def read_scopes(state: bytes) -> dict[str, dict[str, Any]]:
    """The variables of every scope by its key ("" is the instance), without the definition."""
    values = read(state)
    inner = {str(row[0]): row[8] for row in values["tokens"] if row[8] is not None}
    return {"": values["variables"], **inner}


def read_places(state: bytes) -> list[str]:
    """The element at which each token stands, oldest token first."""
    return [shown(row[1]) for row in read(state)["tokens"]]


def shown(name: str) -> str:
    """The element of the diagram for which a hidden one stands."""
    return name.partition("/")[0]


def _check(body: bytes) -> bytes:
    return hashlib.sha256(body).digest()[:CHECK]


def _text(state: dict[str, Any], tokens: list[Token]) -> bytes:
    """The state as JSON. A token that nothing has touched since it was stored is written as it was then."""
    try:
        rows = b",".join([token.row or _stored(token) for token in tokens])
        return b"o" + orjson.dumps(state)[:-1] + b',"tokens":[' + rows + b"]}"
    except TypeError:  # numbers beyond 64 bits, lone surrogates
        return b"j" + json.dumps({**state, "tokens": [row_of(token) for token in tokens]}).encode()


def _stored(token: Token) -> bytes:
    token.row = orjson.dumps(row_of(token))
    return token.row


def read_waiting(state: bytes) -> list[str]:
    """The ids of the activities at which an instance stands, without the definition: its innermost tokens, but no listeners or joins."""
    tokens = read(state)["tokens"]
    standing = [row for row in tokens if row[3] != LISTENING]
    holders = {row[2] for row in standing}
    return list(dict.fromkeys(shown(row[1]) for row in standing if row[0] not in holders and row[4] != "arrived"))
