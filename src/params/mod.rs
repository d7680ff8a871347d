//! Dynamic parameters of the subnet: names, types, defaults.
