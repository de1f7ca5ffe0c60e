"""Scenarios: benchmarks of Aurora ML SQL as files: a schema, data, endpoint models, statements, and a grid of batch sizes, workers, instances."""
