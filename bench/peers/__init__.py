"""What people write instead: small, honest programs that do the same job, each on tables and a queue of its own."""
