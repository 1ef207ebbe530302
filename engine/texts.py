"""Text from anywhere, in the form in which every database can hold it."""


def storable(text: str) -> str:
    """The text with U+FFFD, the sign for what cannot be read, where it holds NUL or half a character."""
    if text.isascii() and "\0" not in text:
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\0", "\ufffd")
