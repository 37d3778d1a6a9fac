"""Ask the balancing service for room before a start is refused that lacks nothing else."""

from xmlresource.operations.host import Host
from xmlresource.system.state.room_requests import RoomRequest, ask


def is_worth_another_try(host: Host, room: int) -> bool:
    """Wait for room, and say whether to decide again.

    No service, none that answers as it should, and nothing to be had: a refusal comes at once, as
    it would without all this. The ledger is not locked meanwhile.

    Args:
        host: The host.
        room: What must be there beside all promises, in bytes.
    """
    settings = host.configuration.balance
    if settings is None or not settings.make_room:
        return False
    return ask(host.state, RoomRequest(room, settings.make_room))
