"""Restrictions (§7): what a schema must not say although it can be written."""
from __future__ import annotations
def check_restrictions(grammar): pass
