"""One process of libFuzzer over one target: ``python -m tests.fuzz.process TARGET [libFuzzer's]``.

It never returns: libFuzzer ends it.
"""

import importlib
import pkgutil
import sys

import atheris

from tests.fuzz.mutator import mutate


def main() -> None:
    with atheris.instrument_imports(include=["xmlresource"]):
        _import_all()
    targets = importlib.import_module("tests.fuzz.targets")
    target = targets.load(sys.argv[1])
    atheris.Setup([sys.argv[0], *sys.argv[2:]], target.one, custom_mutator=_mutated)
    atheris.Fuzz()


def _mutated(data: bytes, longest: int, seed: int) -> bytes:
    return mutate(bytes(data), longest, seed, atheris.Mutate)


def _import_all() -> None:
    """Also what is imported late: it would not be seen otherwise."""
    package = importlib.import_module("xmlresource")
    for module in pkgutil.walk_packages(package.__path__, "xmlresource."):
        if module.name.rpartition(".")[2] == "__main__":
            continue
        try:
            importlib.import_module(module.name)
        except ImportError as error:
            if error.name is not None and error.name.startswith("xmlresource"):
                raise
            # an optional library is not here


if __name__ == "__main__":
    main()
