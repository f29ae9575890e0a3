from hashlib import sha256
from pathlib import Path

import console

VENDOR = Path(console.__file__).parent / "static" / "vendor"


def test_vendored_files_are_what_their_list_says():
    listed = {}
    for line in (VENDOR / "VENDOR.txt").read_text().splitlines()[1:]:
        name, version, licence, digest, file = line.split()
        assert name
        assert version
        assert licence in {"0BSD", "MIT", "ISC"}
        listed[file] = digest
    there = {
        path.name: sha256(path.read_bytes()).hexdigest()
        for path in VENDOR.iterdir()
        if path.suffix != ".txt"
    }
    assert there == listed
