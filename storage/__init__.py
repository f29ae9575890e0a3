"""Storage remembers: tables, queries, migrations, reports. Only `database` commits."""
