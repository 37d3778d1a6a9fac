"""Which faults of a definition keep a running guest from being changed."""

import pytest

from xmlresource.codes import CODES
from xmlresource.live.parameters.definitions import refuse
from xmlresource.operations.guest import RefusalError

AT_THE_START = CODES["XR311"].diagnostic("above <memory>", "live XML")
ALWAYS = CODES["XR301"].diagnostic("above hard_limit", "live XML")


def test_what_counts_at_the_start_does_not_hold_a_running_guest() -> None:
    """A container's limit may be another by now; what is in force is compared instead."""
    refuse("box", [AT_THE_START], running=True)
    with pytest.raises(RefusalError, match="XR311 above <memory>"):
        refuse("box", [AT_THE_START], running=False)


@pytest.mark.parametrize("running", [True, False])
def test_other_faults_do(running: bool) -> None:
    with pytest.raises(RefusalError, match="guest 'box': XR301 above hard_limit"):
        refuse("box", [AT_THE_START, ALWAYS] if running else [ALWAYS], running=running)
