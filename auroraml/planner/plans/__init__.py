"""Winning paths to frozen physical plans: select lists, conditions by position, parameters (createplan.c, setrefs.c)."""
