"""Which language a person reads: their own choice, else the browser's, else Chinese."""

from apiflask import APIFlask
from flask import request, session
from flask_babel import Babel, get_locale
from flask_login import current_user

LANGUAGES = {"zh": "中文", "en": "English"}
DEFAULT = "zh"


def install(app: APIFlask) -> None:
    app.config.setdefault("BABEL_DEFAULT_LOCALE", DEFAULT)
    app.config.setdefault("BABEL_TRANSLATION_DIRECTORIES", "translations")
    Babel(app, locale_selector=chosen)
    app.context_processor(lambda: {"language": current(), "languages": LANGUAGES})


def chosen() -> str:
    if current_user.is_authenticated and current_user.language in LANGUAGES:
        return str(current_user.language)
    if session.get("language") in LANGUAGES:
        return str(session["language"])
    return request.accept_languages.best_match(list(LANGUAGES), DEFAULT) or DEFAULT


def current() -> str:
    """`zh` or `en`."""
    locale = get_locale()
    return DEFAULT if locale is None else str(locale.language)


def in_language(text: str) -> str:
    """A text of a diagram as the reader has it: Chinese and English stand there with a bar between them, or one for both."""
    chinese, _, english = (part.strip() for part in text.partition("|"))
    return english if english and current() == "en" else chinese
