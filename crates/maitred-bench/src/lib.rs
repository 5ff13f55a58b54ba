//! Load generator and the reference servers that the benchmarks are measured against.
