"""Find the repository that a run is about."""

import os
from typing import Final

from xmlresource.system.files.document_files import below

_NAMED_BY_CI: Final = ("GITHUB_WORKSPACE", "CI_PROJECT_DIR")


def repository() -> str:
    """The folder that reports' paths are relative to: the CI service's checkout, else this one."""
    here = os.getcwd()
    for variable in _NAMED_BY_CI:
        folder = os.environ.get(variable, "").rstrip("/")
        if folder and (here == folder or below(here, folder) != here):
            return folder
    return here
