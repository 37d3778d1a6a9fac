"""The examples of the docs are run: those in ``python`` blocks, with what they print."""  # noqa: INP001 -- pytest's, in no package

from pathlib import Path

from hypothesis import settings
from sybil import Sybil
from sybil.parsers.markdown import PythonCodeBlockParser, SkipParser

# A busy machine is no fault of an example.
settings.register_profile("docs", deadline=None)
settings.load_profile("docs")

_FOLDER = Path(__file__).parent

pytest_collect_file = Sybil(
    parsers=[SkipParser(), PythonCodeBlockParser()],
    patterns=["cgroup-v2.md", "python-api.md", "testing-your-generator.md", "generators.md"],
    path=str(_FOLDER),
).pytest()
