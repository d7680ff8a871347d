//! The port that clients connect to. It hands bytes on to the JSON-RPC server and makes those
//! faults of a connection that are below JSON-RPC: late, silent, broken.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

use super::chain::Chain;

/// Large enough that one answer is rarely delayed twice.
const AT_ONCE: usize = 1 << 20;

pub(super) async fn open(listener: TcpListener, server: SocketAddr, chain: Arc<Chain>) {
    loop {
        match listener.accept().await {
            Ok((client, _)) => {
                tokio::spawn(connection(client, server, Arc::clone(&chain)));
            }
            Err(error) => tracing::warn!(%error, "a connection was lost before it began"),
        }
    }
}

async fn connection(client: TcpStream, server: SocketAddr, chain: Arc<Chain>) {
    let mut cuts = chain.cuts();
    let Ok(server) = TcpStream::connect(server).await else {
        return;
    };
    // each message is waited for by the other side
    let _ = client.set_nodelay(true);
    let _ = server.set_nodelay(true);
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    tokio::select! {
        biased;
        _ = cuts.changed() => {}
        _ = questions(from_client, to_server) => {}
        _ = answers(from_server, to_client, &chain) => {}
    }
}

async fn questions(mut from: OwnedReadHalf, mut to: OwnedWriteHalf) -> std::io::Result<()> {
    tokio::io::copy(&mut from, &mut to).await.map(|_| ())
}

async fn answers(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    chain: &Chain,
) -> std::io::Result<()> {
    let mut faults = chain.faults().subscribe();
    let mut buffer = vec![0; AT_ONCE];
    loop {
        let length = from.read(&mut buffer).await?;
        if length == 0 {
            return Ok(());
        }
        let delay = faults.borrow().delay;
        tokio::time::sleep(delay).await;
        // ends with the chain, and then the bytes do not matter any more
        let _ = faults.wait_for(|faults| !faults.silent).await;
        to.write_all(&buffer[..length]).await?;
    }
}
