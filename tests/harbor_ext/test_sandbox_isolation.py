"""What a sandbox can see and reach of the host: an allowlist, and nothing that it writes."""

import asyncio
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from otcloud.harbor_ext.sandbox import scratch
from otcloud.harbor_ext.sandbox.box import Box, Pipes
from otcloud.harbor_ext.sandbox.spec import DEFAULT_ENV, Command
from otcloud.harbor_ext.sandbox.streams import HeadTail

CANARY = "canary-5f1d7c"


def test_host_folders_are_empty_or_missing(script, tmp_path: Path) -> None:
    (tmp_path / CANARY).write_text("secret")
    result = script(f"ls -A /home /root /mnt /srv /opt /sys /media /tmp /var/tmp; ls {tmp_path}")
    assert CANARY not in result.out
    assert [line for line in result.out.splitlines() if line and not line.endswith(":")] == []
    assert "No such file" in result.err


def test_root_and_etc_hold_the_allowlist_alone(script) -> None:
    result = script("ls -A /; echo --; ls -A /etc; echo --; ls -A /usr; echo --; ls -A /var/lib /var/run/ /run")
    root, etc, usr, var = result.out.split("--\n")
    allowed = {"bin", "sbin", "lib", "lib32", "lib64", "libx32", "usr", "etc", "dev", "proc", "sys", "tmp", "run"}
    assert set(root.split()) <= allowed | {"var", "root", "home", "mnt", "media", "opt", "srv"}
    assert not {"ssh", "gshadow", "sudoers", "kubernetes", "docker", "environment", "gitconfig"} & set(etc.split())
    assert not {"src", "etc"} & set(usr.split())
    assert "docker" not in var
    assert "secrets" not in var


def test_accounts_hold_no_passwords_and_no_people(script) -> None:
    result = script("cat /etc/passwd /etc/group; echo --; cut -d: -f2 /etc/shadow | sort -u")
    accounts, passwords = result.out.split("--\n")
    numbers = {int(line.split(":")[2]) for line in accounts.splitlines()}
    assert numbers <= {*range(1000), 65534}
    assert passwords.split() == ["*"]


def test_environment_of_the_host_is_not_inherited(script, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANARY_TOKEN", CANARY)
    result = script("env; cat /proc/*/environ | tr '\\0' '\\n'", env={"GIVEN": "yes"})
    assert CANARY not in result.out
    names = {line.partition("=")[0] for line in result.out.splitlines()}
    assert {"GIVEN", "HOME", "PATH", "LANG", "TERM"} <= names
    assert "PYTHONPATH" not in names


def test_processes_of_the_host_are_invisible(script) -> None:
    show = "for p in /proc/[0-9]*; do tr '\\0' ' ' < $p/cmdline; echo; done"
    result = script(f"{show}; echo --; readlink /proc/1/cwd /proc/1/root /proc/1/exe /proc/1/fd/*; cat /proc/1/environ")
    commands, pid_1 = result.out.split("--\n")
    assert "pytest" not in commands
    assert commands.startswith("sandbox-init ")
    assert pid_1 == ""


def test_mount_table_names_no_host_path(script, tmp_path: Path) -> None:
    result = script("cat /proc/self/mountinfo /proc/mounts")
    assert str(tmp_path) not in result.out
    assert "overlay" in result.out


def test_writing_anywhere_does_not_touch_the_host(script) -> None:
    before = {path: Path(path).stat() for path in ("/usr/bin", "/etc", "/etc/passwd", "/dev/null", "/usr/bin/tar")}
    result = script(
        "set -e; touch /usr/bin/x /etc/x ~/x /home/x /tmp/x /x /var/x /usr/local/bin/x; rm /usr/bin/tar;"
        "echo me:x:5:5::/: >> /etc/passwd; chmod 700 /etc; chmod 600 /dev/null || true; rm -rf /usr/sbin; echo written"
    )
    assert result.out == "written\n"
    for path, old in before.items():
        new = Path(path).stat()
        assert (new.st_mode, new.st_mtime_ns, new.st_ino) == (old.st_mode, old.st_mtime_ns, old.st_ino), path
    assert Path("/usr/sbin").is_dir()
    assert not Path("/usr/bin/x").exists()


@pytest.mark.parametrize("network", [False, True])
def test_the_host_network_is_reached_only_when_allowed(script, network: bool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        result = script(f"exec 3<>/dev/tcp/127.0.0.1/{port} && echo reached; ls /etc/resolv.conf", network=network)
    assert ("reached" in result.out) is network
    assert ("resolv.conf" in result.out) is network


def test_loopback_of_its_own_works(script) -> None:
    serve = "s=socket.create_server(('127.0.0.1', 9)); c=socket.create_connection(('127.0.0.1', 9)); print('up')"
    assert script(f'python3 -c "import socket; {serve}"').out == "up\n"


@pytest.mark.parametrize(
    "attempt",
    [
        "echo x > /proc/sys/kernel/core_pattern",
        "mount -t tmpfs none /mnt",
        "umount /proc/sys",
        "mknod /x b 8 0",
        "date -s 2001-01-01",
        "chroot /proc/1/root true",
    ],
)
def test_the_kernel_is_out_of_reach(script, attempt: str) -> None:
    assert script(attempt).code != 0


def test_privileges_are_gone_for_good(script) -> None:
    status = dict(line.split(":\t") for line in script("cat /proc/self/status").out.splitlines() if ":\t" in line)
    assert status["NoNewPrivs"] == "1"
    sys_admin, sys_ptrace, mknod = 21, 19, 27
    for name in ("CapEff", "CapPrm", "CapBnd", "CapAmb"):
        assert not int(status[name], 16) & (1 << sys_admin | 1 << sys_ptrace | 1 << mknod)


def test_no_command_can_run_before_the_new_root_is_there(tmp_path: Path, base: Path) -> None:
    """A command that is asked for before "ready" must still find the sandbox's root, not the host's."""
    marker = tmp_path / CANARY
    marker.write_text("host")

    async def impatient(number: int) -> tuple[int, str]:
        box = Box(tmp_path / f"box-{number}", base, sys.executable, network=False)
        await asyncio.to_thread(scratch.prepare_trial, box.folder)
        out = HeadTail(1000)
        try:
            await box.spawn()
            command = Command(["/bin/bash", "-c", f"ls {marker}; echo $$"], DEFAULT_ENV)
            first = asyncio.create_task(box.run(command, Pipes(out, HeadTail(1000)), 60))
            await box.ready()
            return await first, out.text()
        finally:
            await box.close()

    async def crowd() -> list[tuple[int, str]]:
        return await asyncio.gather(*(impatient(number) for number in range(8)))

    for code, out in asyncio.run(crowd()):
        assert code == 0
        assert CANARY not in out
        assert int(out) < 100, "a process id of the sandbox's own namespace"


def test_keeper_modules_stay_light() -> None:
    """The keeper starts once per trial: these imports cost more than the rest of it together."""
    heavy = "{'json', 're', 'typing', 'pathlib', 'dataclasses', 'asyncio', 'subprocess'}"
    code = f"import sys; import otcloud.harbor_ext.sandbox.keeper; print({heavy} & set(sys.modules))"
    root = Path(__file__).parents[2]
    command = [sys.executable, "-I", "-S", "-E", "-c", f"import sys; sys.path.insert(0, {str(root)!r}); {code}"]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip() == "set()"
