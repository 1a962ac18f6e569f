"""Who a server runs as: PostgreSQL refuses root, so for root it is somebody else."""

from __future__ import annotations

import ctypes
import os
import pwd
import sys
from pathlib import Path


def die_with_parent(number: int) -> None:
    """Ask Linux to signal this process when its parent dies; elsewhere the next start finds the orphan."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, number, 0, 0, 0)  # PR_SET_PDEATHSIG


class Identity:
    """The user that a server runs as: ourselves, or for root another one, because PostgreSQL refuses root."""

    def __init__(self, data: Path, paths: list[Path]) -> None:
        self.changes = os.geteuid() == 0
        self.uid, self.gid = os.geteuid(), os.getegid()
        self.locked_out_of: Path | None = None
        if not self.changes:
            return
        owner = data.stat() if data.exists() else None
        if owner and owner.st_uid:
            self.uid, self.gid = owner.st_uid, owner.st_gid
        else:
            nobody = pwd.getpwnam("nobody")
            self.uid, self.gid = nobody.pw_uid, nobody.pw_gid
        self.locked_out_of = next((path for path in paths if not is_open_to_all(path)), None)

    def own(self, path: Path) -> None:
        if self.changes:
            os.chown(path, self.uid, self.gid)

    def step_down(self, parent_death_signal: int) -> None:
        """Become that user; runs in the child between fork and exec.

        A clone below a closed home directory (mode 700) cannot be entered by another user, and its
        permissions are not ours to change. So there the server keeps one of root's capabilities, to pass
        through; without the secure bit access(2), by which initdb looks for its companions, would ignore it.
        """
        if self.changes:
            keeps_capability = self.locked_out_of is not None and sys.platform == "linux"
            libc = ctypes.CDLL(None, use_errno=True)
            if keeps_capability:
                demand(libc.prctl(8, 1, 0, 0, 0))  # PR_SET_KEEPCAPS
                demand(libc.prctl(28, 1 << 2, 0, 0, 0))  # PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP
            os.setgroups([])
            os.setgid(self.gid)
            os.setuid(self.uid)
            if keeps_capability:
                dac_override = 1 << 1
                header = (ctypes.c_uint32 * 2)(0x20080522, 0)  # _LINUX_CAPABILITY_VERSION_3, this process
                sets = (ctypes.c_uint32 * 6)(dac_override, dac_override, dac_override)
                demand(libc.capset(header, sets))
                demand(libc.prctl(47, 2, 1, 0, 0))  # PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_OVERRIDE
        # Last, because changing user forgets it.
        die_with_parent(parent_death_signal)


def demand(result: int) -> None:
    if result != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def is_open_to_all(path: Path) -> bool:
    """Whether any user may enter every directory above `path` and read (or enter, or run) it."""
    wanted = 0o005 if path.is_dir() or os.access(path, os.X_OK) else 0o004
    return path.stat().st_mode & wanted == wanted and all(
        above.stat().st_mode & 0o001 for above in path.parents
    )
