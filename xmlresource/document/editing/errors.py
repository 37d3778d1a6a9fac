"""An edit that can't be made."""

from xmlresource.errors import ExitStatus, XmlresourceError


class EditError(XmlresourceError, ValueError):
    """The edit can't be made, and nothing was changed; the message says why and what to do."""

    exit_status = ExitStatus.FINDINGS
