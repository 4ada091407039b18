"""What ``tools/bench planner`` is made of: one module for each thing it is compared with."""
