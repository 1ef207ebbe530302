"""Reads XML that anybody may have sent: no DOCTYPE, no entities, no network, and bounded in size, depth and time."""

from functools import partial
from typing import Any, NoReturn

from lxml import etree

from engine.bpmn.references import write_out
from engine.errors import DeploymentRefused, Problem

MAX_FILE_BYTES = 2_000_000
MAX_SCRIPTS = 300_000  # characters of all scripts of one file: each is compiled; likewise
MAX_NODES = 5_000  # flow nodes of one file; counted by vocabulary.read_processes
MAX_DEPTH = 100
MAX_ELEMENTS = 200_000
MAX_TEXT = 200_000  # characters of one attribute or one piece of text


class _Unacceptable(Exception):
    """The file is well-formed so far, but more than we are willing to read."""


class _Look:
    """Sees the file go by without building anything, and stops it at the first sign of harm."""

    def __init__(self) -> None:
        self._depth = 0
        self._elements = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        self._elements += 1
        if self._depth > MAX_DEPTH:
            raise _Unacceptable(f"Expected elements at most {MAX_DEPTH} deep, but <{local_name(tag)}> is deeper")
        if self._elements > MAX_ELEMENTS:
            raise _Unacceptable(f"Expected at most {MAX_ELEMENTS} elements, but there are more")
        for name, value in attributes.items():
            if len(value) > MAX_TEXT:
                raise _Unacceptable(f"Expected attribute '{local_name(name)[:40]}' within {MAX_TEXT} characters, but it has {len(value)}")

    def end(self, tag: str) -> None:
        self._depth -= 1

    def data(self, text: str) -> None:
        if len(text) > MAX_TEXT:
            raise _Unacceptable(f"Expected texts within {MAX_TEXT} characters, but one has {len(text)}")

    def doctype(self, name: str, public: str | None, system: str | None) -> None:
        raise _Unacceptable("Expected a file without DOCTYPE, but there is one; entities are not read")

    def comment(self, text: str) -> None:
        pass

    def pi(self, target: str, data: str | None = None) -> None:
        pass

    def close(self) -> None:
        pass


_parser: Any = etree.XMLParser
_hardened = partial(
    _parser,
    resolve_entities=False,
    no_network=True,
    load_dtd=False,
    huge_tree=False,
    remove_comments=True,
    remove_pis=True,
)


def _refuse(file: str, message: str, line: int = 1) -> NoReturn:
    raise DeploymentRefused([Problem(file, line, "-", "xml", message)])


def read_xml(content: bytes, file: str) -> etree._Element:
    """The root element of the file; whatever cannot be read safely raises DeploymentRefused (rule "xml") and nothing else."""
    if len(content) > MAX_FILE_BYTES:
        _refuse(file, f"Expected a file of at most {MAX_FILE_BYTES} bytes, but it has {len(content)}")
    try:
        # Looking first costs a second reading, but a tree never exists of what we refuse, and lines are kept by the second.
        etree.fromstring(content, _hardened(target=_Look()))
        return write_out(etree.fromstring(content, _hardened()))
    except _Unacceptable as refusal:
        _refuse(file, str(refusal))
    except etree.XMLSyntaxError as error:
        _refuse(file, f"Expected well-formed XML, but {error.msg}", error.lineno or 1)
    except (etree.LxmlError, LookupError, ValueError) as error:  # unknown encodings and the like
        _refuse(file, f"Expected readable XML, but {error}")


def local_name(tag: str) -> str:
    """The name without its namespace."""
    return tag.rpartition("}")[2]
