"""The memory that guests take beyond their RAM: estimated, and measured."""
