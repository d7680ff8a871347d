//! Epochs, cycles, order of the validators, windows. Pure.
