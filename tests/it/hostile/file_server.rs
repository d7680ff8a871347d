//! Miners of which only the receipts are asked, on sockets of their own.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::deflate::{GZIP, bomb};
use super::files::File;
use super::sockets::{Socket, asked, endless};

const HEAD: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\n";

/// Stops when it is dropped.
pub(super) struct FileServer {
    pub(super) address: SocketAddr,
    _serving: JoinSet<()>,
}

impl FileServer {
    pub(super) async fn start(file: File) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            if file == File::HalfOpen {
                std::future::pending::<()>().await;
            }
            let mut open = JoinSet::new();
            while let Ok((socket, _)) = listener.accept().await {
                open.spawn(serve(file.clone(), socket));
            }
        });
        Self {
            address,
            _serving: serving,
        }
    }
}

async fn serve(file: File, mut socket: TcpStream) {
    if file == File::Redirects {
        return Socket::Redirects.serve(socket).await;
    }
    if asked(&mut socket).await.is_none() {
        return;
    }
    // the validator may go whenever it has had enough
    let _ = socket.write_all(HEAD.as_bytes()).await;
    match file {
        File::Headers => endless(&mut socket, &b"X-More: and more\r\n".repeat(1_000)).await,
        File::Drips(interval) => drip(&mut socket, interval).await,
        File::Bomb => {
            let _ = socket.write_all(b"Content-Encoding: gzip\r\n\r\n").await;
            let _ = socket.write_all(&GZIP).await;
            // the beginning of a block only matters once
            endless(&mut socket, &bomb(1 << 20)).await;
        }
        _ => {
            let length = format!("Content-Length: {}\r\n\r\n", 10_u64 << 30);
            let _ = socket.write_all(length.as_bytes()).await;
            let _ = socket.write_all(b"type\r\n").await;
            endless(&mut socket, &b"\r\n".repeat(32 << 10)).await;
        }
    }
}

async fn drip(socket: &mut TcpStream, interval: Duration) {
    let _ = socket.write_all(b"\r\n").await;
    while socket.write_all(b"x").await.is_ok() {
        tokio::time::sleep(interval).await;
    }
}
