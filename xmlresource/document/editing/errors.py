"""An edit that can't be made."""


class EditError(ValueError):
    """The edit can't be made, and nothing was changed; the message says why and what to do."""
