"""Turns recorded testimonies into a searchable archive, with care for doubt and consent."""

__version__ = "0.1.0"
