//! From job results to weights. Pure.
