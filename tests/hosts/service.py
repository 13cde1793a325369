"""What lies on every host over the image: the login for Ansible and the OnlineFS service, laid out as the real one.

The service's process sees its home as /onlinefs and the data volume at its own path, as in the container of the real
unit; the home's path on the host does not exist for it. So a file that names host paths fails here as it does there.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

#: The account that Ansible logs in with: unprivileged, sudo without a password.
LOGIN = "deploy"
USER_ID, GROUP_ID = 1521, 1516
HOME = Path("srv/hops/onlinefs")
DATA = Path("srv/hopsworks-data/onlinefs")
CERTIFICATES = Path("srv/hops/super_crypto/onlinefs")
CONSUMER = Path("opt/onlinefs-consumer")
UNIT = Path("usr/lib/systemd/system/onlinefs.service")

UNIT_TEXT = """\
[Unit]
Description=OnlineFS server (the tests' consumer)
After=network-online.target

[Service]
User=onlinefs
Group=onlinefs
TemporaryFileSystem=/{hops}:ro
BindPaths=/{home}:/onlinefs
BindReadOnlyPaths=/{certificates}:/certs
Environment=ONLINEFS_HOME=/onlinefs
ExecStart={command}
SuccessExitStatus=143
Restart=on-failure
RestartSec=2

[Install]
WantedBy=multi-user.target
"""


def write_layer(
    layer: Path, image: Path, public_key: str, command: str, consumer: Path | None, etc: Path | None
) -> None:
    """Fill `layer`, which all hosts of a lab lay over `image`.

    `public_key` opens LOGIN's door; `command` is the unit's ExecStart; the files of `consumer` go to
    /opt/onlinefs-consumer and those of `etc` to the service's configuration. With `etc` the unit starts with the host.
    """
    layer.mkdir(mode=0o755)
    _accounts(layer, image)
    _ssh(layer, public_key)
    _write(layer / "etc/resolv.conf", "")
    _write(layer / "etc/systemd/journald.conf.d/lab.conf", "[Journal]\nStorage=volatile\nRuntimeMaxUse=8M\n")
    _service(layer, command, consumer, etc)


def _accounts(layer: Path, image: Path) -> None:
    added = {
        "passwd": f"{LOGIN}:x:1000:1000::/home/{LOGIN}:/bin/bash\n"
        f"onlinefs:x:{USER_ID}:{GROUP_ID}::/home/onlinefs:/usr/sbin/nologin\n",
        "group": f"{LOGIN}:x:1000:\nonlinefs:x:{GROUP_ID}:\n",
        "shadow": f"{LOGIN}:*:19000:0:99999:7:::\nonlinefs:*:19000:0:99999:7:::\n",
        "gshadow": f"{LOGIN}:!::\nonlinefs:!::\n",
    }
    for name, lines in added.items():
        source = image / "etc" / name
        _write(layer / "etc" / name, source.read_text() + lines)
        shutil.copystat(source, layer / "etc" / name)
        os.chown(layer / "etc" / name, source.stat().st_uid, source.stat().st_gid)
    _write(layer / "etc/sudoers.d/lab", f"{LOGIN} ALL=(ALL:ALL) NOPASSWD: ALL\n", 0o440)


def _ssh(layer: Path, public_key: str) -> None:
    home = _directory(layer, Path("home") / LOGIN, 0o700, 1000, 1000)
    keys = home / ".ssh/authorized_keys"
    _write(keys, public_key, 0o600)
    for path in (keys.parent, keys):
        os.chown(path, 1000, 1000)
    keys.parent.chmod(0o700)
    _write(
        layer / "etc/ssh/sshd_config.d/lab.conf",
        "HostKey /etc/ssh/ssh_host_ed25519_key\nPasswordAuthentication no\nPermitRootLogin no\nMaxStartups 100\n",
    )
    # Logins are refused until this service has run: sshd waits for it, so whoever reaches the port can also log in.
    _write(layer / "etc/systemd/system/ssh.service.d/lab.conf", "[Unit]\nAfter=systemd-user-sessions.service\n")


def _service(layer: Path, command: str, consumer: Path | None, etc: Path | None) -> None:
    for path in (HOME, HOME / "bin", DATA, DATA / "etc", DATA / "logs"):
        _directory(layer, path, 0o750, USER_ID, GROUP_ID)
    for link in ("etc", "logs"):
        (layer / HOME / link).symlink_to(Path("/") / DATA / link)
        os.chown(layer / HOME / link, USER_ID, GROUP_ID, follow_symlinks=False)
    _directory(layer, CERTIFICATES, 0o750, USER_ID, GROUP_ID)
    text = UNIT_TEXT.format(hops=HOME.parent, home=HOME, certificates=CERTIFICATES, command=command)
    _write(layer / UNIT, text, 0o664)
    if consumer is not None:
        shutil.copytree(consumer, layer / CONSUMER, copy_function=shutil.copyfile)
    if etc is not None:
        for source in sorted(etc.iterdir()):
            target = layer / DATA / "etc" / source.name
            shutil.copyfile(source, target)
            target.chmod(0o750)
            os.chown(target, USER_ID, GROUP_ID)
        wants = layer / "etc/systemd/system/multi-user.target.wants"
        wants.mkdir(parents=True, exist_ok=True)
        (wants / UNIT.name).symlink_to(Path("/") / UNIT)


def _directory(layer: Path, path: Path, mode: int, user: int, group: int) -> Path:
    """Make `path` in the layer; new parents are root's and 0755 (an overlay shows the topmost layer's modes)."""
    made = layer / path
    made.parent.mkdir(parents=True, exist_ok=True)
    made.mkdir(exist_ok=True)
    made.chmod(mode)
    os.chown(made, user, group)
    return made


def _write(path: Path, text: str, mode: int = 0o644) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)
