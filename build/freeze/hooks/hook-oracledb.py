"""Hook for oracledb 2 and newer.

Its thin mode is compiled, and imports cryptography there. The compiled module keeps its strings compressed, so their
names are not in its file.
"""

from PyInstaller.utils.hooks import collect_submodules

hiddenimports = [
    "cryptography.x509",
    *collect_submodules("cryptography.hazmat.primitives"),
    # What the compiled modules import of the standard library.
    "base64",
    "getpass",
    "hashlib",
    "secrets",
    "ssl",
    "uuid",
]
