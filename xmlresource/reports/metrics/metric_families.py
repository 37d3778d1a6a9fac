"""The metrics that there are; dashboards and alerts may use no others."""

from typing import Final

from xmlresource.reports.metrics.exposition import MetricFamily

TOTAL: Final = "total"
AVAILABLE: Final = "available"
PROMISABLE: Final = "promisable"
PROMISED: Final = "promised"
PART: Final = "part"
NODE_TOTAL: Final = "node total"
NODE_AVAILABLE: Final = "node available"
POOL_TOTAL: Final = "pool total"
POOL_FREE: Final = "pool free"
GUESTS: Final = "guests"
REFUSALS: Final = "refusals"
MADE: Final = "made"
INFO: Final = "info"

_OF_HOSTS: Final = {
    INFO: ("info", "The version of xmlresource; always 1."),
    MADE: ("report_timestamp_seconds", "When this was found out, in seconds since 1970."),
    TOTAL: ("memory_bytes", "MemTotal."),
    AVAILABLE: ("memory_available_bytes", "MemAvailable."),
    PROMISABLE: ("promisable_bytes", "The largest guarantee that could be given now."),
    PROMISED: ("promised_bytes", "The sum of all promises, with what is pinned beyond them."),
    PART: (
        "memory_part_bytes",
        "Memory by part: reserve, used and unused (of promises), others, hugepages, free.",
    ),
    NODE_TOTAL: ("node_memory_bytes", "Memory of a NUMA node."),
    NODE_AVAILABLE: ("node_memory_available_bytes", "What of a node could be had now."),
    POOL_TOTAL: ("hugepages", "Hugepages by size in bytes, of the host or of a node."),
    POOL_FREE: ("hugepages_free", "Hugepages that nobody has or has reserved."),
    GUESTS: ("guests", "Guests with a promise, by state."),
    REFUSALS: ("refused_last_day", "Guests that were refused in the last day, 100 at most."),
}

OF_HOST: Final = {
    key: MetricFamily(f"xmlresource_host_{name}", text) for key, (name, text) in _OF_HOSTS.items()
}
"""What a host tells of itself."""

OF_FLEET: Final = {
    key: MetricFamily(f"xmlresource_fleet_{name}", f"{text[:-1]}, as the host published.")
    for key, (name, text) in _OF_HOSTS.items()
}
"""The same of each host of a fleet, with the host as a label."""

HOMELESS: Final = MetricFamily(
    "xmlresource_fleet_lacks_spare",
    "Whether other hosts could not take the guests of this one, were it lost: 1 or 0.",
)
OPEN: Final = MetricFamily(
    "xmlresource_fleet_host_open", "Whether a host gets guests, if it has room: 1 or 0."
)
AGE: Final = MetricFamily(
    "xmlresource_fleet_host_silence_seconds",
    "How long ago a host was heard, by the server's clock; missing without a server.",
)
CLAIMED: Final = MetricFamily(
    "xmlresource_fleet_claimed_bytes", "What is claimed on a host for guests that are to come."
)
GUEST_PROMISED: Final = MetricFamily(
    "xmlresource_guest_promised_bytes", "What a guest was promised."
)
GUEST_CHARGED: Final = MetricFamily(
    "xmlresource_guest_charged_bytes", "What is charged to a guest, with its page cache."
)
GUEST_LIMIT: Final = MetricFamily(
    "xmlresource_guest_limit_bytes", "The hard limit in force; missing without one."
)
GUEST_DRIFT: Final = MetricFamily(
    "xmlresource_guest_drift", "How many values of a guest are not in force as declared."
)
GUEST_PRESSURE: Final = MetricFamily(
    "xmlresource_guest_memory_pressure_ratio",
    "The share of the last 10 s in which some task of a guest waited for memory.",
)
HOST_PRESSURE: Final = MetricFamily(
    "xmlresource_host_memory_pressure_ratio",
    "The share of the last 10 s in which some task of the host waited for memory.",
)
HOST_DRIFT: Final = MetricFamily(
    "xmlresource_host_drift", "How many values a killed reclaim has left in kernel files."
)
GUEST_BALLOONED: Final = MetricFamily(
    "xmlresource_guest_ballooned_bytes",
    "The RAM that a guest lacks by its balloon, whoever took it; missing for nothing.",
)
GUEST_MOVED: Final = MetricFamily(
    "xmlresource_guest_balance_last_day_bytes",
    "What balancing asked of a running guest in the last day, by direction: taken, given.",
)
BALANCE_MODE: Final = MetricFamily(
    "xmlresource_host_balance_mode", "Which mode of balancing is set: 1 for it, 0 for others."
)
BALANCE_MOVED: Final = MetricFamily(
    "xmlresource_host_balance_last_day_bytes",
    "What balancing asked of all guests in the last day, by direction: taken, given.",
)
BALANCE_LAST: Final = MetricFamily(
    "xmlresource_host_balance_last_step_timestamp_seconds",
    "When balancing last moved memory, by direction, in seconds since 1970.",
)
STARTS_GIVEN_ROOM: Final = MetricFamily(
    "xmlresource_host_starts_given_room_last_day",
    "Starts in the last day that were admitted after others gave memory (make_room).",
)
STARTS_SHORT: Final = MetricFamily(
    "xmlresource_host_starts_short_last_day",
    "Starts that were refused in the last day by the physical rule: others use the memory.",
)

FAMILIES: Final = (
    *OF_HOST.values(),
    HOST_PRESSURE,
    HOST_DRIFT,
    BALANCE_MODE,
    BALANCE_MOVED,
    BALANCE_LAST,
    STARTS_GIVEN_ROOM,
    STARTS_SHORT,
    GUEST_PROMISED,
    GUEST_CHARGED,
    GUEST_LIMIT,
    GUEST_DRIFT,
    GUEST_PRESSURE,
    GUEST_BALLOONED,
    GUEST_MOVED,
    *OF_FLEET.values(),
    OPEN,
    AGE,
    CLAIMED,
    HOMELESS,
)
"""All of them."""
