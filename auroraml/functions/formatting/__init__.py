"""to_char, to_number, to_date, to_timestamp: values through format pictures."""

from auroraml.functions.formatting import date_reading, date_writing, number_reading, number_writing

__all__ = ["date_reading", "date_writing", "number_reading", "number_writing"]
