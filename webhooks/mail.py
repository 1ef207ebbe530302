"""Mail by SMTP: a plain text to one reader."""

import smtplib
import ssl
from email.message import EmailMessage
from email.utils import formatdate

from engine.errors import StewardError
from engine.settings import Settings

SECONDS = 15


def send(settings: Settings, to: str, subject: str, text: str, message_id: str) -> None:
    """Hand a message to the mail server. A second one with the same id is the same message to whoever sorts by it.

    Raises StewardError when no server is set, when it does not answer, or when it refuses.
    """
    if not settings.smtp_host or not settings.mail_from:
        raise StewardError("Expected a mail server, but STEWARD_SMTP_HOST and STEWARD_MAIL_FROM are not both set")
    message = EmailMessage()
    message["From"], message["To"], message["Date"] = settings.mail_from, to, formatdate()
    message["Subject"] = " ".join(subject.split())  # a header has one line
    message["Message-ID"] = f"<{message_id}@{settings.mail_from.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text)
    try:
        with _server(settings) as server:
            if settings.smtp_user:
                server.login(settings.smtp_user, settings.smtp_password)
            server.send_message(message)
    except (OSError, smtplib.SMTPException) as error:
        raise StewardError(f"Expected {settings.smtp_host} to take a message, but: {error}") from error


def _server(settings: Settings) -> smtplib.SMTP:
    match settings.smtp_security:
        case "tls":
            return smtplib.SMTP_SSL(settings.smtp_host, settings.smtp_port, timeout=SECONDS, context=ssl.create_default_context())
        case "starttls":
            server = smtplib.SMTP(settings.smtp_host, settings.smtp_port, timeout=SECONDS)
            server.starttls(context=ssl.create_default_context())
            return server
        case "none":
            return smtplib.SMTP(settings.smtp_host, settings.smtp_port, timeout=SECONDS)
        case other:
            raise StewardError(f"Expected STEWARD_SMTP_SECURITY to be starttls, tls or none, but it is {other!r}")
