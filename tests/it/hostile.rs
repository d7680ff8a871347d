//! Peers that mean harm, one kind at a time and all kinds at once among honest ones, against the
//! real program in a process of its own. Whatever they do, the honest earn what they earn
//! without them, each bad one has its event, and time, memory and logs stay within bounds.

mod batch;
mod deflate;
mod file_server;
mod files;
mod frames;
mod kind;
mod measured;
mod messages;
mod receipts;
mod scene;
mod server;
mod sockets;
