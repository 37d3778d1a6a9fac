"""The examples of the docs are run: those in ``python`` blocks, with what they print."""  # noqa: INP001 -- pytest's, in no package

from pathlib import Path

from hypothesis import Phase, settings
from sybil import Sybil
from sybil.parsers.markdown import PythonCodeBlockParser, SkipParser

# A busy machine is no fault of an example. CI draws the same examples each time: so many that one
# shows the flaw that the docs tell of; nobody looks at the smallest one.
settings.register_profile("docs", deadline=None, max_examples=500, phases=[Phase.generate])
settings.load_profile("docs")

_FOLDER = Path(__file__).parent

pytest_collect_file = Sybil(
    parsers=[SkipParser(), PythonCodeBlockParser()],
    patterns=[
        "cgroup-v2.md",
        "cpu-and-io.md",
        "python-api.md",
        "testing-your-generator.md",
        "generators.md",
    ],
    path=str(_FOLDER),
).pytest()
