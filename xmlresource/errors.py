"""What all our own exceptions have in common."""

from xmlresource.exit_status import ExitStatus


class XmlresourceError(Exception):
    """An answer that is no result; its text is for a person.

    Attributes:
        exit_status: What a command exits with that ends so.
    """

    exit_status = ExitStatus.USAGE
