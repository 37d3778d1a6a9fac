"""A command line that makes no sense, beyond what argparse can tell."""

from xmlresource.errors import XmlresourceError


class UsageError(XmlresourceError):
    """The words contradict each other; the text says how."""
