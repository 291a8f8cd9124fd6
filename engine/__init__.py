"""Makes it happen: HTTP, PostgreSQL, Redis, jobs, time and the command line."""
