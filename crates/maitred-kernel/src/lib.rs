//! Business words without tables: money, quantity, rounding, business time, references, ports.
