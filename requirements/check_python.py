"""End with a sentence if what is locked here cannot be installed for the Python that runs this.

`python check_python.py 3.11 3.12 ...` names the versions that the locks are for. Any Python must be able to
say that it is the wrong one, so this is written for all of them, 2.7 too.
"""

import platform
import sys
import sysconfig

PLATFORMS = ("linux-x86_64", "linux-aarch64", "macosx-x86_64", "macosx-arm64", "macosx-universal2")
OLDEST_GLIBC = (2, 28)
VERSION = "{}.{}".format(*sys.version_info[:2])

UNKNOWN = (
    "Perfect Puppy needs CPython {} to {}, 64-bit, on macOS or on Linux with glibc 2.28 or newer; {} is {}. "
    "Name another with: make PYTHON=python{} ..."
)
NO_VENV = "{} lacks the module venv or ensurepip. On Debian or Ubuntu: apt-get install python{}-venv"


def fault(known):
    """Say what this Python is that the locks are not for; nothing if they are for it."""
    kind = platform.python_implementation()
    parts = sysconfig.get_platform().split("-")  # macosx-14.0-arm64
    if kind != "CPython":
        return kind
    if VERSION not in known:
        return "Python " + VERSION
    if sysconfig.get_config_var("Py_GIL_DISABLED"):
        return "a free-threaded build of Python " + VERSION
    if "-".join((parts[0], parts[-1])) not in PLATFORMS or sys.maxsize < 2**32:
        return "Python for " + "-".join(parts)
    if parts[0] == "linux" and not has_glibc():
        return "Python for a Linux without glibc 2.28"
    return ""


def has_glibc():
    """Say whether this Python's C library is one that the packages are built for; Alpine's musl is not."""
    name, version = platform.libc_ver()
    return name == "glibc" and tuple(map(int, version.split(".")[:2])) >= OLDEST_GLIBC


def has_venv():
    """Say whether the modules that make a virtual environment are there; Debian packs them apart."""
    try:
        import ensurepip  # noqa: F401, PLC0415
        import venv  # noqa: F401, PLC0415
    except ImportError:
        return False
    return True


def main(known):
    """End with a sentence if this Python is of no use."""
    found = fault(known)
    if found:
        sys.exit(UNKNOWN.format(known[0], known[-1], sys.executable, found, known[-2]))
    if not has_venv():
        sys.exit(NO_VENV.format(sys.executable, VERSION))


if __name__ == "__main__":
    main(sys.argv[1:])
