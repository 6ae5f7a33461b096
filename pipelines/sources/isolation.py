"""Reading a delivery in a child process that may not take much memory or time.

A delivery comes from outside, and a parser can be made to use up a machine or to crash. The child has a small
environment, no keys, and limits; it answers in JSON, which runs no code here. It stays for the next file, so that many
small files are cheap, and is replaced when it had to be stopped. Whatever happens in it, the caller gets a Reading or a
RefusedError.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
import traceback
from dataclasses import dataclass, field
from importlib import import_module
from multiprocessing.connection import Connection
from pathlib import Path

from pipelines.sources.reading import Reading, RefusedError
from pipelines.sources.transport import dumps, loads, packed, unpacked

ROOT = Path(__file__).resolve().parents[2]
READY_SECONDS = 60.0
"""how long a child may take to start, on a busy machine"""
_PROGRAM = """
import sys
sys.path.insert(0, sys.argv[1])
from pipelines.sources.isolation import serve
serve(int(sys.argv[2]), int(sys.argv[3]))
"""


@dataclass
class Isolation:
    """One child process that reads files, one at a time.

    `megabytes` is what a file may take beside the reader's own code, `seconds` how long it may take. Use it as a
    context manager, or close it; a closed one starts again when it is used."""

    megabytes: int = 1024
    seconds: float = 120.0
    _child: subprocess.Popen[bytes] | None = field(default=None, init=False, repr=False)
    _line: Connection | None = field(default=None, init=False, repr=False)
    _turn: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def read(self, module: str, path: Path) -> Reading:
        """What `module` (as `pipelines.sources.rdw`) reads of a file. Raises RefusedError, also when the child crashed,
        ran out of memory or out of time."""
        with self._turn:
            line = self._ready()
            line.send_bytes(dumps([module, str(path.resolve())]))
            try:
                if not line.poll(self.seconds):
                    self._stop()
                    took = f"{path.name} took more than {self.seconds:g} seconds to read and was stopped"
                    raise RefusedError(f"{took}; deliver it in parts")
                kind, content = loads(line.recv_bytes())
            except (EOFError, ConnectionError):
                code = self._stop()
                raise RefusedError(
                    f"{path.name} made its reader stop ({_ending(code)}); nothing of it was taken, deliver it in parts"
                ) from None
            if kind == "memory":
                self._stop()
                raise RefusedError(
                    f"{path.name} needs more than {self.megabytes} MB to read and was stopped; deliver it in parts"
                )
        return _content(path, kind, content)

    def close(self) -> None:
        """Stop the child. Safe to call twice."""
        with self._turn:
            self._stop()

    def __enter__(self) -> Isolation:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _ready(self) -> Connection:
        if self._line is not None and self._child is not None and self._child.poll() is None:
            return self._line
        self._stop()
        ours, theirs = socket.socketpair()
        arguments = [str(ROOT), str(theirs.fileno()), str(self.megabytes)]
        self._child = subprocess.Popen(  # noqa: S603 - our own interpreter and program
            [sys.executable, "-I", "-c", _PROGRAM, *arguments],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={"PATH": os.defpath, "LC_ALL": "C.UTF-8"},
        )
        theirs.close()
        self._line = Connection(ours.detach())
        try:
            started = self._line.poll(READY_SECONDS) and loads(self._line.recv_bytes()) == "ready"
        except (EOFError, ConnectionError):
            started = False
        if not started:
            raise RefusedError(f"the reader's process could not start ({_ending(self._stop())}); run make setup again")
        return self._line

    def _stop(self) -> int | None:
        line, child = self._line, self._child
        self._line = self._child = None
        if line is not None:
            line.close()
        if child is None:
            return None
        with contextlib.suppress(subprocess.TimeoutExpired):
            return child.wait(0.2)
        child.kill()
        return child.wait()


def _ending(code: int | None) -> str:
    if code is None or code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"


def _content(path: Path, kind: str, content: object) -> Reading:
    if kind == "reading" and isinstance(content, dict):
        try:
            return unpacked(content)
        except (KeyError, TypeError, ValueError) as error:
            raise RefusedError(f"{path.name}: its reader gave no reading ({type(error).__name__})") from None
    if kind == "refused":
        raise RefusedError(str(content))
    raise RefusedError(f"{path.name}: its reader broke ({content}); nothing of it was taken, report this to the maker")


def serve(descriptor: int, megabytes: int) -> None:
    """The child: read files one by one until nobody asks any more."""
    line = Connection(descriptor)
    import_module("pipelines.sources")
    _limit(megabytes)
    line.send_bytes(dumps("ready"))
    while True:
        try:
            module, path = loads(line.recv_bytes())
        except EOFError:
            return
        try:
            answer = _attempt(module, Path(path))
            line.send_bytes(dumps(answer))
        except MemoryError:
            line.send_bytes(dumps(["memory", None]))


def _attempt(module: str, path: Path) -> tuple[str, object]:
    """A reading or why there is none. What went wrong is told by kind and place only: messages may quote the file."""
    try:
        return "reading", packed(import_module(module).read(path))
    except RefusedError as refusal:
        return "refused", str(refusal)
    except MemoryError:
        return "memory", None
    except Exception as error:  # noqa: BLE001 - the child reports every kind of failure to the parent
        last = traceback.extract_tb(error.__traceback__)[-1]
        return "broke", f"{type(error).__name__} in {Path(last.filename).name} line {last.lineno}"


def _limit(megabytes: int) -> None:
    """Cap the address space at what the code takes now plus the allowance; leave no core files with personal data."""
    statm = Path("/proc/self/statm")
    now = int(statm.read_text().split()[0]) * resource.getpagesize() if statm.exists() else 0
    most = now + megabytes * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


_shared: dict[tuple[int, int, float], Isolation] = {}
_choosing = threading.Lock()


def read_isolated(module: str, path: Path, *, megabytes: int = 1024, seconds: float = 120.0) -> Reading:
    """Read a file in the process that all callers with these limits share. `module` is a reader's module name.

    Raises RefusedError, also when the reader crashed, ran out of memory or out of time."""
    key = (os.getpid(), megabytes, seconds)
    with _choosing:
        if key not in _shared:
            _shared[key] = Isolation(megabytes, seconds)
            atexit.register(_shared[key].close)
    return _shared[key].read(module, path)
