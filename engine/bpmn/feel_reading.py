"""Reading the tokens of FEEL from left to right: words, and names of several words, which must be known before they are read."""

from collections.abc import Iterable

from engine.bpmn.expressions_budget import ExpressionError
from engine.bpmn.feel_tokens import Token, tokens_of

KEYWORDS = frozenset(
    {"if", "then", "else", "and", "or", "in", "between", "for", "return", "some", "every", "satisfies", "function", "instance", "external"}
)


class Reading:
    """Reads the tokens once. `names` are those with spaces or signs in them that the text may use, and functions defined elsewhere."""

    def __init__(self, text: str, names: Iterable[str] = ()) -> None:
        self.tokens = tokens_of(text)
        self.position = 0
        self.depth = 0
        self.uses_input = False
        self.defined: set[str] = set()  # by the text itself: parameters, keys and loop variables, which may be functions
        self.known = {tuple(token.text for token in tokens_of(name)[:-1]): name for name in names}

    @property
    def next(self) -> Token:
        return self.tokens[self.position]

    def take(self) -> Token:
        token = self.next
        self.position += token.kind != "end"
        return token

    def at(self, *texts: str) -> bool:
        return self.next.kind in ("sign", "name") and self.next.text in texts

    def at_words(self, *words: str) -> bool:
        return tuple(token.text for token in self.tokens[self.position : self.position + len(words)] if token.kind != "text") == words

    def known_words(self) -> list[tuple[str, ...]]:
        """The names that begin as the text goes on, the longest first."""
        return sorted((words for words in self.known if words[0] == self.next.text), key=len, reverse=True)

    def expect(self, text: str) -> None:
        if not self.at(text):
            raise self.unexpected(repr(text))
        self.take()

    def unexpected(self, wanted: str) -> ExpressionError:
        token, before = self.next, self.tokens[self.position - 1]
        if token.kind == "name" and before.kind == "name" and self.position and token.text not in KEYWORDS:
            found = f"{before.text} {token.text}"
            message = f"Expected a name without spaces, one that the file declares, or a function of FEEL, but found {found!r}"
            return ExpressionError(message, token.line)
        found = "the end" if token.kind == "end" else repr(token.text)
        return ExpressionError(f"Expected {wanted}, but found {found}", token.line)

    def new_name(self, *until: str) -> str:
        """A name that is defined here; with spaces in it, it is known from now on."""
        words: list[str] = []
        while not self.at(*until, *KEYWORDS):
            if self.next.kind != "name":
                raise self.unexpected("a name")
            words.append(self.take().text)
        if not words:
            raise self.unexpected("a name")
        name = " ".join(words)
        if len(words) > 1:
            self.known[tuple(words)] = name
        self.defined.add(name)
        return name
