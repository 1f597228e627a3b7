//! A TCP proxy that stalls or cuts what the server says after so many bytes.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What it does with the server's words once `after` bytes of them went through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Nothing: all goes through.
    Pass,
    /// The rest is held back, the connection stays open.
    Stall { after: u64 },
    /// The connection is closed.
    Cut { after: u64 },
}

/// A running proxy; it ends when this is dropped.
pub struct Proxy {
    /// Where to connect to.
    pub port: u16,
    /// Connections so far.
    pub connections: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Proxy {
    /// Stands in front of `upstream`. The nth connection meets the nth fate, later ones the last.
    pub async fn start(upstream: u16, fates: &[Fate]) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let connections = Arc::new(AtomicUsize::new(0));
        let (counter, fates) = (connections.clone(), fates.to_vec());
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let at = counter.fetch_add(1, Ordering::SeqCst);
                let fate = fates.get(at).or(fates.last()).copied().unwrap_or(Fate::Pass);
                tokio::spawn(carry(client, SocketAddr::from(([127, 0, 0, 1], upstream)), fate));
            }
        });
        Self { port, connections, task }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn carry(mut client: TcpStream, upstream: SocketAddr, fate: Fate) {
    let Ok(mut server) = TcpStream::connect(upstream).await else { return };
    let (mut from_client, mut to_client) = client.split();
    let (from_server, mut to_server) = server.split();
    let down = async {
        let limit = match fate {
            Fate::Pass => u64::MAX,
            Fate::Stall { after } | Fate::Cut { after } => after,
        };
        let _ = copy(&mut from_server.take(limit), &mut to_client).await;
        let _ = to_client.flush().await;
        if let Fate::Stall { .. } = fate {
            std::future::pending::<()>().await;
        }
    };
    let up = copy(&mut from_client, &mut to_server);
    tokio::select! { () = down => {}, _ = up => {} }
}
