"""DB-API 2.0 with Arrow: connections, cursors, parameters, row factories."""
