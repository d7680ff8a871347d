//! Subtensor: reads and writes at named blocks, across runtime generations.
