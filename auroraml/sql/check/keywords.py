"""PostgreSQL 15's keywords by what they may name (pg_get_keywords)."""

# may name columns and tables, not functions or types
_COLUMN_NAME_WORDS = """
    between bigint bit boolean char character coalesce dec decimal exists extract float greatest grouping inout int integer interval least
    national nchar none normalize nullif numeric out overlay position precision real row setof smallint substring time timestamp treat trim
    values varchar xmlattributes xmlconcat xmlelement xmlexists xmlforest xmlnamespaces xmlparse xmlpi xmlroot xmlserialize xmltable
"""
# name nothing
_RESERVED_WORDS = """
    all analyse analyze and any array as asc asymmetric both case cast check collate column constraint create current_catalog current_date
    current_role current_time current_timestamp current_user default deferrable desc distinct do else end except false fetch for foreign from
    grant group having in initially intersect into lateral leading limit localtime localtimestamp not null offset on only or order placing
    primary references returning select session_user some symmetric table then to trailing true union unique user using variadic when where
    window with
"""
# may name functions and types, not columns or tables
_TYPE_FUNCTION_WORDS = """
    authorization binary collation concurrently cross current_schema freeze full ilike inner is isnull join left like natural notnull outer
    overlaps right similar tablesample verbose
"""
# cannot name a column of a result without AS
_BARE_REFUSED_WORDS = """
    array as char character create day except fetch filter for from grant group having hour intersect into isnull limit minute month notnull
    offset on order over overlaps precision returning second to union varying where window with within without year
"""
COLUMN_NAME = frozenset(_COLUMN_NAME_WORDS.split())
RESERVED = frozenset(_RESERVED_WORDS.split())
TYPE_FUNCTION = frozenset(_TYPE_FUNCTION_WORDS.split())
BARE_REFUSED = frozenset(_BARE_REFUSED_WORDS.split())
