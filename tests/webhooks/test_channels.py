"""Messages reach a real mail server and robots that check what their vendors document."""

import base64
import hashlib
import hmac
import json
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from engine import announcements, channels
from engine.errors import StewardError
from engine.settings import Settings
from tests.factories import END_EVENT, ONE_TASK, START_EVENT, Company, chain, diagram, task
from tests.people import ANNA, CHEN
from webhooks import deliveries, mail, robots

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


def free_port() -> int:
    """A port at which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


class Mailbox:
    """What a mail server has taken."""

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.messages.append(BytesParser(EmailMessage, policy=default).parsebytes(envelope.content))
        return "250 OK"


@pytest.fixture
def mailbox() -> Iterator[tuple[Mailbox, Settings]]:
    box, port = Mailbox(), free_port()

    def login(server: Any, session: Any, envelope: Any, mechanism: str, given: Any) -> AuthResult:
        return AuthResult(handled=False, success=given == LoginPassword(b"steward", b"secret"))

    server = Controller(box, hostname="127.0.0.1", port=port, authenticator=login, auth_require_tls=False)
    server.start()
    account = {"smtp_user": "steward", "smtp_password": "secret"}
    yield box, Settings(smtp_host="127.0.0.1", smtp_port=port, smtp_security="none", mail_from="steward@example.com", **account)
    server.stop()


def test_a_mail_arrives_with_subject_text_and_an_id_of_its_own(mailbox: tuple[Mailbox, Settings]) -> None:
    box, settings = mailbox
    mail.send(settings, "anna@example.com", "【新任务】派单\nBcc: all@example.com", "请在 09:02 前完成", "job-7")
    [message] = box.messages
    assert message["Subject"] == "【新任务】派单 Bcc: all@example.com"
    assert (message["To"], message["Message-ID"], message["Bcc"]) == ("anna@example.com", "<job-7@example.com>", None)
    assert message.get_content().strip() == "请在 09:02 前完成"


@pytest.mark.parametrize(
    ("wrong", "said"), [({"smtp_password": "x"}, "Authentication"), ({"smtp_port": 9}, "refused"), ({"smtp_host": ""}, "STEWARD_SMTP_HOST")]
)
def test_a_mail_server_that_does_not_take_it_is_named(mailbox: tuple[Mailbox, Settings], wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(StewardError, match=f"(?i){said}"):
        mail.send(replace(mailbox[1], **wrong), "anna@example.com", "a", "b", "c")


@dataclass
class Robot:
    """A group's robot on this machine: it answers what its vendor would to what it was sent."""

    secret: str = ""
    taken: list[str] = field(default_factory=list)
    answer: Callable[[str, dict[str, list[str]], dict[str, Any]], tuple[int, Any]] | None = None
    address: str = ""


def wecom(robot: Robot, query: dict[str, list[str]], said: dict[str, Any]) -> tuple[int, Any]:
    if query.get("key") != ["abc"]:
        return 200, {"errcode": 93000, "errmsg": "invalid webhook url"}
    if said.keys() != {"msgtype", "text"} or said["msgtype"] != "text" or len(said["text"]["content"].encode()) > 2048:
        return 200, {"errcode": 40008, "errmsg": "invalid message type"}
    robot.taken.append(said["text"]["content"])
    return 200, {"errcode": 0, "errmsg": "ok"}


def dingtalk(robot: Robot, query: dict[str, list[str]], said: dict[str, Any]) -> tuple[int, Any]:
    [timestamp] = query.get("timestamp", [""])
    wanted = base64.b64encode(hmac.new(robot.secret.encode(), f"{timestamp}\n{robot.secret}".encode(), hashlib.sha256).digest()).decode()
    if query.get("access_token") != ["abc"] or query.get("sign") != [wanted] or timestamp != str(round(NOW.timestamp() * 1000)):
        return 200, {"errcode": 310000, "errmsg": "sign not match"}
    if said["msgtype"] != "text":
        return 200, {"errcode": 40035, "errmsg": "param error"}
    robot.taken.append(said["text"]["content"])
    return 200, {"errcode": 0, "errmsg": "ok"}


def feishu(robot: Robot, _query: dict[str, list[str]], said: dict[str, Any]) -> tuple[int, Any]:
    key = f"{said.get('timestamp')}\n{robot.secret}".encode()
    if said.get("sign") != base64.b64encode(hmac.new(key, digestmod=hashlib.sha256).digest()).decode():
        return 200, {"code": 19021, "msg": "sign match fail or timestamp is not within one hour from current time"}
    if said["msg_type"] != "text":
        return 200, {"code": 9499, "msg": "Bad Request"}
    robot.taken.append(said["content"]["text"])
    return 200, {"StatusCode": 0, "StatusMessage": "success", "code": 0, "data": {}, "msg": "success"}


VENDORS = {
    "wecom": (wecom, "/cgi-bin/webhook/send?key=abc"),
    "dingtalk": (dingtalk, "/robot/send?access_token=abc"),
    "feishu": (feishu, "/open-apis/bot/v2/hook/abc"),
}


@pytest.fixture
def robot_of() -> Iterator[Callable[[str], Robot]]:
    servers = []

    def make(kind: str) -> Robot:
        robot, (answer, path) = Robot(secret="SECabc"), VENDORS[kind]

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                said = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                given = robot.answer or (lambda path, query, said: answer(robot, query, said))
                status, content = given(self.path, parse_qs(urlsplit(self.path).query), said)
                self.send_response(status)
                if status == 302:
                    self.send_header("Location", "http://127.0.0.1:1/")
                self.end_headers()
                self.wfile.write(content if isinstance(content, bytes) else json.dumps(content).encode())

            def log_message(self, *_: Any) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        robot.address = f"http://127.0.0.1:{server.server_port}{path}"
        return robot

    yield make
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("kind", VENDORS)
def test_a_robot_takes_what_its_vendor_documents(robot_of: Callable[[str], Robot], kind: str) -> None:
    robot = robot_of(kind)
    robots.send(kind, robot.address, robot.secret, "【新任务】派单", NOW)
    assert robot.taken == ["【新任务】派单"]


@pytest.mark.parametrize("kind", ["dingtalk", "feishu"])
def test_a_wrong_secret_is_refused_in_the_vendors_words(robot_of: Callable[[str], Robot], kind: str) -> None:
    with pytest.raises(StewardError, match="sign"):
        robots.send(kind, robot_of(kind).address, "another", "x", NOW)


@pytest.mark.parametrize(
    ("status", "content"),
    [(302, b""), (500, b""), (200, b"<html>"), (200, b"[]"), (200, {"errcode": 45009, "errmsg": "api freq out of limit"})],
)
def test_whatever_is_no_yes_is_a_failure(robot_of: Callable[[str], Robot], status: int, content: Any) -> None:
    robot = robot_of("wecom")
    robot.answer = lambda path, query, said: (status, content)
    with pytest.raises(StewardError):
        robots.send("wecom", robot.address, None, "x", NOW)


def test_a_failure_does_not_tell_the_key_of_the_robot() -> None:
    with pytest.raises(StewardError) as failure:
        robots.send("wecom", f"http://127.0.0.1:{free_port()}/send?key=very-secret", None, "x", NOW)
    assert "very-secret" not in str(failure.value)


def test_a_long_text_is_cut_to_what_the_vendor_takes(robot_of: Callable[[str], Robot]) -> None:
    robot = robot_of("wecom")
    robots.send("wecom", robot.address, None, "长" * 5_000, NOW)
    assert robot.taken[0].endswith("长…")


def test_a_new_task_reaches_the_group_through_the_worker(company: Company, robot_of: Callable[[str], Robot]) -> None:
    robot = robot_of("feishu")
    settings = replace(company.database.settings, robot_hosts=urlsplit(robot.address).netloc)
    company.database.settings = settings
    company.deploy(ONE_TASK)
    with company.database.transaction() as session:
        channels.choose(session, ANNA, "feishu", robot.address, company.now, secret=robot.secret)
    company.start()
    announcements.announce(company.database, company.now)
    company.work(**deliveries.handlers(company.database, settings, company.clock))
    assert [text.splitlines()[0] for text in robot.taken] == ["【新任务】Work（#1 Order）"]
    company.work(**deliveries.handlers(company.database, settings, company.clock))
    assert len(robot.taken) == 1


def test_who_has_given_the_channel_up_meanwhile_is_told_nothing(company: Company, robot_of: Callable[[str], Robot]) -> None:
    robot = robot_of("wecom")
    settings = replace(company.database.settings, robot_hosts=urlsplit(robot.address).netloc)
    company.database.settings = settings
    company.deploy(ONE_TASK)
    with company.database.transaction() as session:
        channels.choose(session, ANNA, "wecom", robot.address, company.now)
    company.start()
    announcements.announce(company.database, company.now)
    with company.database.transaction() as session:
        channels.choose(session, ANNA, "wecom", "", company.now)
    company.work(**deliveries.handlers(company.database, settings, company.clock))
    assert robot.taken == []
    assert company.incidents() == []


def test_of_a_resident_the_group_gets_what_is_masked_and_the_mail_of_who_calls_them_the_whole(
    company: Company, robot_of: Callable[[str], Robot], mailbox: tuple[Mailbox, Settings]
) -> None:
    robot, (box, smtp) = robot_of("wecom"), mailbox
    settings = replace(smtp, robot_hosts=urlsplit(robot.address).netloc)
    company.database.settings = settings
    company.deploy(diagram(chain(START_EVENT, task("work", "customer_service"), END_EVENT), properties={"title": "${house} ${content}"}))
    with company.database.transaction() as session:
        channels.choose(session, CHEN, "wecom", robot.address, company.now)
        channels.choose(session, CHEN, "email", "chen@example.com", company.now)
    company.start(variables={"house": "A-12", "content": "请回电 13800001234", "caller_name": "李雷"})
    announcements.announce(company.database, company.now)
    company.work(**deliveries.handlers(company.database, settings, company.clock))
    assert robot.taken == ["【新任务】Work（#1 A-** 请回电 138****1234）"]
    assert [message.get_content().strip() for message in box.messages] == ["【新任务】Work（#1 A-12 请回电 13800001234）"]
    assert [message["Subject"] for message in box.messages] == ["【新任务】Work（#1 A-12 请回电 13800001234）"]
