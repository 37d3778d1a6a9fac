"""The fleet's PostgreSQL: its tables, and the only code that talks to it. It takes psycopg 3."""
