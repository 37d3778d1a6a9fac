"""Policies from other systems, and for them: CIM's allocation settings and the formats beside it.

``readers`` tell what a file says, as :class:`~xmlresource.interchange.allocation.Allocation`;
``mapping`` what of it means what to us, a line for each value; ``writers`` the way back. Nothing
here opens a file.
"""
