"""The text format of Prometheus: families of samples with labels."""

from collections.abc import Iterable, Mapping
from typing import Final

from xmlresource.printable import one_line
from xmlresource.record import field, record

_LONGEST: Final = 200
"""The characters of a label's value."""


@record
class MetricFamily:
    """A metric: its name and what it tells. All are gauges: they may fall."""

    name: str
    help: str


@record
class MetricSample:
    """One value of a metric.

    Attributes:
        family: The metric.
        value: The value.
        labels: What tells it from others of the metric; values may be anybody's text.
    """

    family: MetricFamily
    value: float
    labels: Mapping[str, str] = field(default_factory=dict)


def exposition(samples: Iterable[MetricSample]) -> str:
    """The text: each family once, with its help and its samples, in the order of their coming."""
    families: dict[MetricFamily, list[str]] = {}
    for sample in samples:
        line = f"{sample.family.name}{_labels(sample.labels)} {sample.value:.17g}"
        families.setdefault(sample.family, []).append(line)
    return "".join(
        f"# HELP {family.name} {family.help}\n# TYPE {family.name} gauge\n"
        + "".join(f"{line}\n" for line in lines)
        for family, lines in families.items()
    )


def _labels(labels: Mapping[str, str]) -> str:
    if not labels:
        return ""
    inner = ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items())
    return f"{{{inner}}}"


def _escaped(value: str) -> str:
    """The value as a label; what is not printable becomes an escape, so that no line ends in it."""
    return one_line(value[:_LONGEST]).replace("\\", "\\\\").replace('"', '\\"')
