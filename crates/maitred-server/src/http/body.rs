//! Bodies out and bodies in: one kind of each, without boxes.

use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};

use super::stream::EventBody;

/// What a response carries.
pub(super) enum Body {
    Full(Bytes),
    Events(EventBody),
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match self.get_mut() {
            Self::Full(bytes) if bytes.is_empty() => Poll::Ready(None),
            Self::Full(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            Self::Events(events) => events.poll(cx).map(|event| event.map(|bytes| Ok(Frame::data(bytes)))),
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Self::Full(bytes) if bytes.is_empty())
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Full(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Self::Events(_) => SizeHint::default(),
        }
    }
}

/// Why a request's body was not read to its end.
pub(super) enum Unread {
    TooLarge,
    TooSlow,
    Broken,
}

/// Reads a body, at most `limit` bytes of it and for at most `patience`. A body that arrives in one piece is not
/// copied.
pub(super) async fn read(mut body: Incoming, limit: usize, patience: Duration) -> Result<Bytes, Unread> {
    if body.size_hint().lower() > limit as u64 {
        return Err(Unread::TooLarge);
    }
    let whole = async {
        let mut first = Bytes::new();
        let mut all = BytesMut::new();
        while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
            let Ok(data) = frame.map_err(|_| Unread::Broken)?.into_data() else { continue };
            if first.len() + all.len() + data.len() > limit {
                return Err(Unread::TooLarge);
            }
            if first.is_empty() && all.is_empty() {
                first = data;
            } else {
                if all.is_empty() {
                    all.extend_from_slice(&std::mem::take(&mut first));
                }
                all.extend_from_slice(&data);
            }
            if body.is_end_stream() {
                break;
            }
        }
        Ok(if all.is_empty() { first } else { all.freeze() })
    };
    match tokio::time::timeout(patience, whole).await {
        Ok(read) => read,
        Err(_) => Err(Unread::TooSlow),
    }
}
