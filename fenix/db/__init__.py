"""The rows: schema, transactions, and one module per thing that is kept."""
