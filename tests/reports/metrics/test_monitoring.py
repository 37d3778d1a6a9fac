"""What `contrib/prometheus` asks Prometheus for is there, and promtool takes it."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from xmlresource.reports.metrics.metric_families import FAMILIES

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "contrib" / "prometheus"
NAMES = {family.name for family in FAMILIES}
DASHBOARD = json.loads((FOLDER / "dashboard.json").read_text())
RULES = [
    rule
    for group in yaml.safe_load((FOLDER / "alerts.yml").read_text())["groups"]
    for rule in group["rules"]
]

needs_promtool = pytest.mark.skipif(
    shutil.which("promtool") is None, reason="needs promtool (Debian's prometheus)"
)


def metrics_in(expression: str) -> set[str]:
    return set(re.findall(r"xmlresource_\w+", expression))


def expressions(dashboard: dict[str, Any]) -> list[str]:
    panels = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    return [*panels, *(each["definition"] for each in dashboard["templating"]["list"][1:])]


def promtool(*words: str) -> str:
    done = subprocess.run(  # noqa: S603 -- ours
        ["promtool", *words],  # noqa: S607 -- wherever it is
        cwd=FOLDER,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_dashboard_asks_for_what_there_is() -> None:
    for expression in expressions(DASHBOARD):
        assert metrics_in(expression)
        assert metrics_in(expression) <= NAMES


def test_the_alerts_ask_for_what_there_is() -> None:
    for rule in RULES:
        assert metrics_in(rule["expr"])
        assert metrics_in(rule["expr"]) <= NAMES


def test_every_alert_is_tested_and_says_what_to_do() -> None:
    tested = set(re.findall(r"alertname: (\w+)", (FOLDER / "alerts.test.yml").read_text()))
    assert tested == {rule["alert"] for rule in RULES}
    for rule in RULES:
        assert rule["annotations"]["description"].endswith(".")
        assert rule["labels"]["severity"] in {"info", "warning", "critical"}


def test_the_panels_of_the_dashboard_do_not_overlap() -> None:
    cells = [
        (x, y)
        for panel in DASHBOARD["panels"]
        for at in [panel["gridPos"]]
        for x in range(at["x"], at["x"] + at["w"])
        for y in range(at["y"], at["y"] + at["h"])
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])


def test_every_metric_is_documented() -> None:
    page = (ROOT / "docs" / "monitoring.md").read_text()
    assert [family.name for family in FAMILIES if f"`{family.name}`" not in page] == []
    assert metrics_in(page) <= NAMES


@needs_promtool
def test_promtool_takes_the_rules() -> None:
    assert f"{len(RULES)} rules found" in promtool("check", "rules", "alerts.yml")


@needs_promtool
def test_the_alerts_fire_when_they_should_and_not_before() -> None:
    assert "SUCCESS" in promtool("test", "rules", "alerts.test.yml")


@needs_promtool
def test_prometheus_reads_the_dashboards_expressions(tmp_path: Path) -> None:
    rules = [
        {"record": f"dashboard:x{number}", "expr": text.replace("$instance", ".*")}
        for number, text in enumerate(expressions(DASHBOARD))
        if not text.startswith("label_values")
    ]
    file = tmp_path / "rules.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))
    assert f"{len(rules)} rules found" in promtool("check", "rules", str(file))
