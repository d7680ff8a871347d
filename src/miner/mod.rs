//! The websocket to one miner.
