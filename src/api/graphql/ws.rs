//! Operations over a WebSocket: the graphql-transport-ws protocol of graphql-ws, with its close codes.

use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::http::HeaderMap;
use axum::response::Response;
use futures::stream::BoxStream;
use futures::{FutureExt, StreamExt};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio_stream::StreamMap;

use super::error::Error;
use super::executor::Answer;
use super::http::from_payload;
use crate::api::Api;
use crate::api::token::Verified;

const PROTOCOL: &str = "graphql-transport-ws";
/// A client that does not read for so long is gone.
const SEND_WITHIN: Duration = Duration::from_secs(30);
/// The longest operation id taken.
const MAX_ID_BYTES: usize = 256;

/// Why the server ends a connection (graphql-ws, PROTOCOL.md).
#[derive(Debug, Clone, Copy)]
enum Close {
    BadMessage,
    Unauthorized,
    Expired,
    Forbidden,
    BadProtocol,
    InitTimeout,
    SubscriberExists,
    TooManyInits,
    TooManyOperations,
    /// It neither answered pings nor sent anything.
    Silent,
}

impl Close {
    fn frame(self) -> CloseFrame {
        let (code, reason) = match self {
            Self::BadMessage => (4400, "Invalid message"),
            Self::Unauthorized => (4401, "Unauthorized"),
            Self::Expired => (4401, "Token expired"),
            Self::Forbidden => (4403, "Forbidden"),
            Self::BadProtocol => (4406, "Subprotocol not acceptable"),
            Self::InitTimeout => (4408, "Connection initialisation timeout"),
            Self::SubscriberExists => (4409, "Subscriber already exists"),
            Self::TooManyInits => (4429, "Too many initialisation requests"),
            Self::TooManyOperations => (4429, "Too many operations"),
            Self::Silent => (4499, "No sign of life"),
        };
        CloseFrame { code, reason: reason.into() }
    }
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum FromClient {
    ConnectionInit {
        #[serde(default)]
        payload: Option<Value>,
    },
    Subscribe {
        id: String,
        payload: Value,
    },
    Complete {
        id: String,
    },
    Ping,
    Pong,
}

/// What an operation gives: its answers, then its end.
enum Given {
    Answer(Box<Answer>),
    End,
}

/// Answers the upgrade. The token comes with it as a header, or in connection_init's payload.
pub fn accept(api: Api, upgrade: WebSocketUpgrade, headers: &HeaderMap) -> Response {
    let from_header = api.auth.headers(headers).ok();
    let body_bytes = api.graphql.limits().body_bytes;
    upgrade.protocols([PROTOCOL]).max_message_size(body_bytes).max_frame_size(body_bytes).on_upgrade(
        move |mut socket| async move {
            let session = Session {
                acceptable: socket
                    .protocol()
                    .is_some_and(|protocol| protocol.as_bytes() == PROTOCOL.as_bytes()),
                api,
                from_header,
                acknowledged: None,
                operations: StreamMap::new(),
            };
            if let Err(Some(close)) = session.serve(&mut socket).await {
                let frame = Message::Close(Some(close.frame()));
                // It may be gone already.
                let _ = tokio::time::timeout(SEND_WITHIN, socket.send(frame)).await;
            }
        },
    )
}

/// One connection. It ends with a reason to tell, or None where there is no one to tell it.
struct Session {
    acceptable: bool,
    api: Api,
    from_header: Option<Verified>,
    acknowledged: Option<Verified>,
    operations: StreamMap<String, BoxStream<'static, Given>>,
}

impl Session {
    async fn serve(mut self, socket: &mut WebSocket) -> Result<(), Option<Close>> {
        if !self.acceptable {
            return Err(Some(Close::BadProtocol));
        }
        let limits = self.api.graphql.limits();
        let init_by = tokio::time::sleep(limits.init_timeout);
        let expires = tokio::time::sleep(Duration::MAX / 4);
        tokio::pin!(init_by, expires);
        let mut beat = tokio::time::interval(limits.keep_alive);
        let mut silent_beats = 0_u32;
        loop {
            tokio::select! {
                received = socket.recv() => {
                    silent_beats = 0;
                    match received {
                        Some(Ok(Message::Text(text))) => {
                            let first = self.acknowledged.is_none();
                            self.receive(socket, text.as_str()).await?;
                            if let (true, Some(verified)) = (first, &self.acknowledged) {
                                let left = verified.expires_at - self.api.auth.clock().now();
                                let at = tokio::time::Instant::now() + left.to_std().unwrap_or_default();
                                expires.as_mut().reset(at);
                            }
                        }
                        Some(Ok(Message::Binary(_))) => return Err(Some(Close::BadMessage)),
                        Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                        Some(Ok(Message::Close(_)) | Err(_)) | None => return Err(None),
                    }
                }
                Some((id, given)) = self.operations.next(), if !self.operations.is_empty() => {
                    let message = match given {
                        Given::Answer(answer) if answer.never_ran() => {
                            self.operations.remove(&id);
                            json!({ "id": id, "type": "error", "payload": answer.errors() })
                        }
                        Given::Answer(answer) => json!({ "id": id, "type": "next", "payload": answer }),
                        Given::End => {
                            self.operations.remove(&id);
                            json!({ "id": id, "type": "complete" })
                        }
                    };
                    send(socket, &message).await?;
                }
                () = &mut init_by, if self.acknowledged.is_none() => return Err(Some(Close::InitTimeout)),
                () = &mut expires, if self.acknowledged.is_some() => return Err(Some(Close::Expired)),
                _ = beat.tick() => {
                    if silent_beats > 2 {
                        return Err(Some(Close::Silent));
                    }
                    silent_beats += 1;
                    // A WebSocket ping: browsers answer it by themselves.
                    let ping = socket.send(Message::Ping(Default::default()));
                    if !matches!(tokio::time::timeout(SEND_WITHIN, ping).await, Ok(Ok(()))) {
                        return Err(None);
                    }
                }
            }
        }
    }

    async fn receive(&mut self, socket: &mut WebSocket, text: &str) -> Result<(), Option<Close>> {
        match serde_json::from_str(text).map_err(|_| Some(Close::BadMessage))? {
            FromClient::ConnectionInit { payload } => {
                if self.acknowledged.is_some() {
                    return Err(Some(Close::TooManyInits));
                }
                self.acknowledged = Some(self.authenticate(payload.as_ref()).ok_or(Some(Close::Forbidden))?);
                send(socket, &json!({ "type": "connection_ack" })).await
            }
            FromClient::Subscribe { id, payload } => self.subscribe(socket, id, payload).await,
            FromClient::Complete { id } => {
                self.operations.remove(&id);
                Ok(())
            }
            FromClient::Ping => send(socket, &json!({ "type": "pong" })).await,
            FromClient::Pong => Ok(()),
        }
    }

    /// By connection_init's payload `{ "Authorization": "Bearer …" }`, else by the header of the upgrade.
    fn authenticate(&self, payload: Option<&Value>) -> Option<Verified> {
        let given = payload
            .and_then(Value::as_object)
            .and_then(|members| members.iter().find(|(name, _)| name.eq_ignore_ascii_case("authorization")));
        match given {
            Some((_, value)) => self.api.auth.authorization(value.as_str()?).ok(),
            None => self.from_header.clone(),
        }
    }

    async fn subscribe(
        &mut self,
        socket: &mut WebSocket,
        id: String,
        payload: Value,
    ) -> Result<(), Option<Close>> {
        let caller = self.acknowledged.as_ref().ok_or(Some(Close::Unauthorized))?.caller.clone();
        if id.is_empty() || id.len() > MAX_ID_BYTES {
            return Err(Some(Close::BadMessage));
        }
        if self.operations.contains_key(&id) {
            return Err(Some(Close::SubscriberExists));
        }
        if self.operations.len() >= self.api.graphql.limits().operations_per_socket {
            return Err(Some(Close::TooManyOperations));
        }
        let request_id = uuid::Uuid::now_v7().to_string();
        let prepared = match from_payload(payload) {
            Some(request) => self.api.graphql.prepare(request, &request_id),
            None => Err(Answer::refused(
                Error::InvalidArgument("The payload is not a GraphQL request.".to_owned()),
                &request_id,
            )),
        };
        match prepared {
            Ok(prepared) => {
                let answers = self
                    .api
                    .graphql
                    .stream(caller, prepared, request_id)
                    .map(|answer| Given::Answer(Box::new(answer)));
                let whole = answers.chain(async { Given::End }.into_stream()).boxed();
                self.operations.insert(id, whole);
                Ok(())
            }
            Err(answer) => {
                send(socket, &json!({ "id": id, "type": "error", "payload": answer.errors() })).await
            }
        }
    }
}

async fn send(socket: &mut WebSocket, message: &Value) -> Result<(), Option<Close>> {
    let text = Message::Text(message.to_string().into());
    match tokio::time::timeout(SEND_WITHIN, socket.send(text)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) | Err(_) => Err(None),
    }
}
