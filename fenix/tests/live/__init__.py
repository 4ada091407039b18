"""Against real services: MariaDB, PostgreSQL, RabbitMQ (tools/services)."""
