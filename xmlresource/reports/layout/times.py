"""Times of day as people read them."""

import time


def local_time(seconds: int) -> str:
    """A time since 1970 as the local date and time; what no calendar has, as it is."""
    try:
        return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))
    except (OverflowError, OSError, ValueError):
        return f"{seconds} s"
