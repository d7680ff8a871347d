//! One connection, from TCP and TLS to the answer to our authentication.

use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};

use super::{Caller, FacilitatorError};
use crate::failpoint;
use crate::wire::facilitator::{Authentication, FromFacilitator, ResponseStatus, ToFacilitator};

pub(super) type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

impl Caller {
    /// An authenticated connection.
    pub(super) async fn establish(&self) -> Result<Socket, FacilitatorError> {
        let limit = self.limits.connect;
        timeout(limit, async {
            let mut socket = self.connect().await?;
            self.authenticate(&mut socket).await?;
            Ok(socket)
        })
        .await
        .map_err(|_| FacilitatorError::Slow(limit))?
    }

    async fn connect(&self) -> Result<Socket, tungstenite::Error> {
        let mut request = self.uri.as_str().into_client_request()?;
        for (name, value) in [
            ("X-Validator-Version", &self.version),
            ("X-Validator-Runner-Version", &self.runner_version),
        ] {
            let value = HeaderValue::from_str(value).unwrap_or(HeaderValue::from_static("unknown"));
            request.headers_mut().insert(name, value);
        }
        let config = WebSocketConfig::default()
            .max_message_size(Some(self.limits.message))
            .max_frame_size(Some(self.limits.message));
        let (socket, _) = connect_async_with_config(request, Some(config), true).await?;
        Ok(socket)
    }

    async fn authenticate(&self, socket: &mut Socket) -> Result<(), FacilitatorError> {
        let ours = ToFacilitator::Authentication(Authentication::of(&self.keypair));
        failpoint::hit("facilitator.authenticate");
        socket.send(Message::text(ours.to_json())).await?;
        let answer = loop {
            match socket.next().await {
                Some(Ok(Message::Text(text))) => break text,
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
                Some(Ok(Message::Binary(_))) => {
                    return Err(FacilitatorError::NoAnswer("binary data".to_owned()));
                }
                Some(Ok(Message::Close(_))) | None => {
                    return Err(FacilitatorError::Closed(String::new()));
                }
                Some(Err(error)) => return Err(error.into()),
            }
        };
        match FromFacilitator::parse(&answer) {
            Ok(FromFacilitator::Response(answer)) if answer.status == ResponseStatus::Success => {
                Ok(())
            }
            Ok(FromFacilitator::Response(answer)) => Err(FacilitatorError::Refused(answer.errors)),
            Ok(_) => Err(FacilitatorError::NoAnswer("a job request".to_owned())),
            Err(malformed) => Err(FacilitatorError::NoAnswer(malformed.to_string())),
        }
    }
}
