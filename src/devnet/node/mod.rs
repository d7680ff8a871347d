//! A JSON-RPC server that behaves as Subtensor does towards a client.
