"""What tests of several modules share: where the corpus of libvirt's own documents is."""

import importlib
import os
import pkgutil
import signal
from collections.abc import Iterator
from configparser import ConfigParser
from pathlib import Path, PurePath

import pytest
from hypothesis import HealthCheck, settings

from xmlresource.system import log

_TESTS = Path(__file__).resolve().parent
_REPOSITORY = _TESTS.parent
_NAME = Path("shared/corpus/libvirt-domains")

# With XMLRESOURCE_FULL set, tests take all documents and many examples.
_FULL = bool(os.environ.get("XMLRESOURCE_FULL"))

# A machine shared with others is slow at times; slowness is the benchmarks' business.
settings.register_profile(
    "shared",
    deadline=None,
    max_examples=500 if _FULL else 50,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("shared")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Measure the branches that tests of the pure parts reach, and of no others.

    A pure part has to be tested by its own tests, not by whatever happens to call it. What else
    runs under measurement is half as quick, for nothing.
    """
    if not config.pluginmanager.hasplugin("_cov"):
        return
    pure = _pure_parts()
    _import_all(pure)
    for item in items:
        if item.path.relative_to(_TESTS).parts[0].removeprefix("test_") not in pure:
            item.add_marker("no_cover")


def _import_all(parts: frozenset[str]) -> None:
    """Import their modules now, under measurement.

    Some load late, and one that a test without measurement came across first would count as not
    run at all.
    """
    for name in sorted(parts):
        module = importlib.import_module(f"xmlresource.{name.removesuffix('.py')}")
        for found in pkgutil.walk_packages(getattr(module, "__path__", ()), f"{module.__name__}."):
            importlib.import_module(found.name)


def _pure_parts() -> frozenset[str]:
    """Modules and packages by the names that their tests have: ``units.py``, ``model``."""
    tox = ConfigParser(interpolation=None)
    tox.read(_REPOSITORY / "tox.ini")
    files = tox["pure"]["files"].split(",")
    return frozenset(PurePath(each.strip()).parts[1] for each in files)


@pytest.fixture(scope="session", autouse=True)
def _endings_are_heard() -> None:
    """Programs that tests start end by a signal as at a terminal.

    A shell has what it starts in the background ignore Ctrl-C, and nohup hang-ups; and whoever
    ignores a signal has it ignored by the programs that it starts.
    """
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    for each in (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        if signal.getsignal(each) == signal.SIG_IGN:
            signal.signal(each, signal.SIG_DFL)


@pytest.fixture(scope="session", autouse=True)
def _own_caches(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Grammars are kept for this run alone; findings, which would make tests test less, never."""
    caches = tmp_path_factory.mktemp("caches")
    (caches / "xmlresource").mkdir()
    (caches / "xmlresource" / "validate").write_text("no folder")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("XDG_CACHE_HOME", str(caches))
        yield


@pytest.fixture(autouse=True)
def _nothing_unsent() -> None:
    """What a test before could not log is not said in this one."""
    log.unsent()


def _corpus_folder() -> Path | None:
    """The folder named by XMLRESOURCE_CORPUS, else `shared/corpus/…` beside or above the clone."""
    named = os.environ.get("XMLRESOURCE_CORPUS")
    candidates = [Path(named)] if named else [above / _NAME for above in _REPOSITORY.parents]
    return next((folder for folder in candidates if (folder / "valid").is_dir()), None)


@pytest.fixture(scope="session")
def corpus() -> dict[str, bytes]:
    """libvirt's own test domains by path: all valid and invalid ones."""
    folder = _corpus_folder()
    if folder is None:
        pytest.skip("the corpus of libvirt's documents is not here (set XMLRESOURCE_CORPUS)")
    return {
        str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*.xml"))
    }


@pytest.fixture(scope="session")
def corpus_sample(corpus: dict[str, bytes]) -> dict[str, bytes]:
    """Every seventh of them, and those with something of ours; all with XMLRESOURCE_FULL set."""
    step = 1 if _FULL else 7
    telling = (b"<memtune", b"<metadata", b"<resource")
    return {
        name: data
        for place, (name, data) in enumerate(corpus.items())
        if place % step == 0 or any(word in data for word in telling)
    }
