"""The page and the metrics of a fleet, from a real server: with claims and with who is silent."""

from pathlib import Path

import pytest

from tests.fakes.host import domain, guarantee
from tests.system.fleet_store.fleets import Fleet, with_places
from xmlresource.cli import main


@pytest.fixture
def claimed(fleet: Fleet, tmp_path: Path) -> Fleet:
    """Two hosts, of which one is silent; a guest is claimed on the other."""
    fleet.publish(with_places("kvm1", 3))
    fleet.publish(with_places("silent", 9))
    fleet.database.run(
        "update xmlresource.host set published = published - interval '1 day' where name = 'silent'"
    )
    file = tmp_path / "web.xml"
    file.write_bytes(domain("web", 1, guarantee(4096), ram=4096))
    assert main(["fleet", "claim", str(file)]) == 0
    return fleet


@pytest.mark.usefixtures("claimed")
def test_the_page_shows_claims_and_who_is_silent(capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(["fleet", "page"]) == 0
    page = capsys.readouterr().out
    assert "<tr><td><bdi>web</bdi></td><td>claimed</td>" in page
    assert '<span class="warning">not heard for 8640' in page


@pytest.mark.usefixtures("claimed")
def test_the_metrics_count_claims_and_silence(capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(["fleet", "status", "--prometheus"]) == 0
    text = capsys.readouterr().out
    assert f'xmlresource_fleet_claimed_bytes{{host="kvm1"}} {4 << 30}\n' in text
    assert 'xmlresource_fleet_host_open{host="silent"} 0\n' in text
    assert 'xmlresource_fleet_host_silence_seconds{host="silent"} 8640' in text
