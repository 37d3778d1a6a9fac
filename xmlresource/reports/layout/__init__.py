"""The layout of reports: tables, bars, JSON."""
