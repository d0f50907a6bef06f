# Runs in the image and prints the package URL of each package. tini was copied there without its Debian package.
. /etc/os-release
set -- $(tini --version)
echo "pkg:generic/tini@$3"
python -c '
import glob, importlib.metadata, platform
print(f"pkg:generic/python@{platform.python_version()}")
folders = [path for root in ("/venv", "/usr/local") for path in glob.glob(f"{root}/lib/python*/site-packages")]
for package in importlib.metadata.distributions(path=folders):
    print(f"pkg:pypi/{package.name}@{package.version}")
'
dpkg-query -Wf "pkg:deb/$ID/\${Package}@\${Version}?arch=\${Architecture}&distro=$VERSION_CODENAME\n"
