"""An exchange with another server that is over in time. A timeout holds for each byte: by one now and then it could go on for ever."""

import contextlib
import socket
import threading
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection


class Patient(HTTPAdapter):
    """Carries requests of which each is cut off, from connecting to the last byte, when its timeout has passed as a whole."""

    def init_poolmanager(self, *given: Any, **named: Any) -> None:
        super().init_poolmanager(*given, **named)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}


class _Watched:
    """A connection that is hung up on when its time is over."""

    timeout: Any
    _line: socket.socket | None = None  # the same line once more: TLS takes the first one for itself
    _timer: threading.Timer | None = None

    def _new_conn(self) -> socket.socket:
        made: socket.socket = super()._new_conn()  # type: ignore[misc]
        self._line = made.dup()
        self._timer = threading.Timer(self.timeout, _hang_up, [self._line])
        self._timer.daemon = True
        self._timer.start()
        return made

    def close(self) -> None:
        super().close()  # type: ignore[misc]
        if self._timer is not None and self._line is not None:
            self._timer.cancel()
            self._line.close()


def _hang_up(line: socket.socket) -> None:
    with contextlib.suppress(OSError):  # it has been closed in this moment
        line.shutdown(socket.SHUT_RDWR)


class _Connection(_Watched, HTTPConnection):
    pass


class _SecureConnection(_Watched, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection
