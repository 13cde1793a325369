"""The root file system that all hosts share: Debian with systemd, sshd, Python and a Java runtime, built once."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import tempfile
import typing as t
from pathlib import Path

from tests.hosts.system import HostsError, require, run

CACHE = Path(__file__).resolve().parents[2] / ".cache" / "hosts"

PACKAGES = (
    "ca-certificates",
    "dbus",
    "iproute2",
    "openjdk-17-jre-headless",
    "openssh-server",
    "openssl",
    "procps",
    "python3",
    "sudo",
    "systemd",
    "systemd-sysv",
)
#: Left out of the image: nothing in the tests reads them.
EXCLUDED = ("/usr/share/locale/*", "/usr/share/doc/*", "/usr/share/info/*")
#: Units that act on the machine rather than on the host, or that only cost time.
MASKED = (
    "apt-daily-upgrade.timer",
    "apt-daily.timer",
    "dev-hugepages.mount",
    "dpkg-db-backup.timer",
    "e2scrub_all.timer",
    "e2scrub_reap.service",
    "fstrim.timer",
    "getty.target",
    "sys-fs-fuse-connections.mount",
    "sys-kernel-debug.mount",
    "sys-kernel-tracing.mount",
    "systemd-firstboot.service",
    "systemd-logind.service",
    "systemd-modules-load.service",
    "systemd-pstore.service",
    "systemd-sysctl.service",
    "systemd-timesyncd.service",
)
#: Where Debian and Ubuntu keep the list of their archives, new form first.
SOURCES = ("/etc/apt/sources.list.d/debian.sources", "/etc/apt/sources.list.d/ubuntu.sources", "/etc/apt/sources.list")


def path() -> Path:
    """Where the image of this recipe is or will be. HOSTS_IMAGE names another folder; it is then used as it is."""
    given = os.environ.get("HOSTS_IMAGE")
    if given:
        return Path(given)
    recipe = repr((PACKAGES, EXCLUDED, MASKED, _release()))
    return CACHE / f"rootfs-{hashlib.sha256(recipe.encode()).hexdigest()[:8]}"


def ensure() -> Path:
    """The image, built first when it is not there (half a minute). A second caller meanwhile waits for it."""
    target = path()
    if target.is_dir():
        return target
    require("mmdebstrap")
    target.parent.mkdir(parents=True, exist_ok=True)
    with open(target.parent / f"{target.name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not target.is_dir():
            _build(target)
    return target


def _build(target: Path) -> None:
    partial = target.with_name(f"{target.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    with tempfile.NamedTemporaryFile("w", suffix=".conf") as options:
        # The way to the archives (proxy, time checks) is the machine's own.
        options.write(run("apt-config", "dump", "Acquire"))
        options.flush()
        run(
            "mmdebstrap",
            "--variant=minbase",
            "--format=directory",
            "--dpkgopt=force-unsafe-io",
            *(f"--dpkgopt=path-exclude={pattern}" for pattern in EXCLUDED),
            f"--aptopt={options.name}",
            f"--include={','.join(PACKAGES)}",
            _release(),
            str(partial),
            _sources(),
            timeout=900,
        )
    units = partial / "etc/systemd/system"
    for unit in MASKED:
        (units / unit).unlink(missing_ok=True)
        (units / unit).symlink_to("/dev/null")
    for key in (partial / "etc/ssh").glob("ssh_host_*"):
        key.unlink()  # every host gets its own
    (partial / "etc/apt/apt.conf.d/99mmdebstrap").unlink(missing_ok=True)
    partial.rename(target)


def _release() -> str:
    """Code name of the machine's own Debian or Ubuntu: the hosts run the same."""
    fields = _os_release()
    name = fields.get("VERSION_CODENAME")
    if not name or not {"debian", "ubuntu"} & {fields.get("ID"), *fields.get("ID_LIKE", "").split()}:
        raise HostsError("the image comes from the machine's own package archives: this needs Debian or Ubuntu")
    return name


def _os_release() -> t.Mapping[str, str]:
    lines = Path("/etc/os-release").read_text().splitlines()
    return {key: value.strip('"') for key, _equals, value in (line.partition("=") for line in lines)}


def _sources() -> str:
    for source in SOURCES:
        if Path(source).is_file():
            return source
    raise HostsError(f"no list of archives: none of {', '.join(SOURCES)} exists")
