//! One question and its answer: a datagram, and a stream where the answer does not fit into one.

use std::{
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use hickory_proto::op::{Edns, Message, MessageType};
use homeport_model::domain::dns::DnsTrouble;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpStream, UdpSocket},
    time::timeout,
};

/// What fits through every network without being cut (DNS Flag Day 2020).
const DATAGRAM_BYTES: u16 = 1_232;

/// Asks `server`; the answer comes as it was sent, and read. It fits the question.
pub(super) async fn exchange(
    server: SocketAddr,
    question: &Message,
    within: Duration,
) -> Result<(Vec<u8>, Message), DnsTrouble> {
    let mut question = question.clone();
    // What is signed is sent as it is.
    if question.signature.is_none() {
        let mut edns = Edns::new();
        edns.set_max_payload(DATAGRAM_BYTES);
        question.set_edns(edns);
    }
    let bytes = question.to_vec().map_err(|_| DnsTrouble::Nonsense)?;
    let by_datagram = timeout(within, datagram(server, &question, &bytes)).await;
    let (raw, answer) = match by_datagram {
        Ok(Ok(found)) => found,
        Ok(Err(trouble)) => return Err(trouble),
        Err(_) => return Err(DnsTrouble::Silent),
    };
    if !answer.truncation {
        return Ok((raw, answer));
    }
    timeout(within, stream(server, &question, &bytes)).await.unwrap_or(Err(DnsTrouble::Silent))
}

async fn datagram(server: SocketAddr, question: &Message, bytes: &[u8]) -> Result<(Vec<u8>, Message), DnsTrouble> {
    let any: SocketAddr =
        if server.is_ipv4() { (Ipv4Addr::UNSPECIFIED, 0).into() } else { (Ipv6Addr::UNSPECIFIED, 0).into() };
    let socket = UdpSocket::bind(any).await.map_err(|_| DnsTrouble::Silent)?;
    // A connected socket takes datagrams from this server only.
    socket.connect(server).await.map_err(|_| DnsTrouble::Silent)?;
    socket.send(bytes).await.map_err(|_| DnsTrouble::Silent)?;
    let mut buffer = vec![0; 65_535];
    loop {
        let length = socket.recv(&mut buffer).await.map_err(|_| DnsTrouble::Silent)?;
        let raw = buffer.get(..length).unwrap_or_default();
        // Something else on this port is forged or late: wait on.
        if let Some(answer) = fitting(question, raw) {
            return Ok((raw.to_vec(), answer));
        }
        // Ours, by its number, but not to be read: there will be no other.
        if raw.get(..2) == bytes.get(..2) && Message::from_vec(raw).is_err() {
            return Err(DnsTrouble::Nonsense);
        }
    }
}

async fn stream(server: SocketAddr, question: &Message, bytes: &[u8]) -> Result<(Vec<u8>, Message), DnsTrouble> {
    let mut stream = TcpStream::connect(server).await.map_err(|_| DnsTrouble::Silent)?;
    let length = u16::try_from(bytes.len()).map_err(|_| DnsTrouble::Nonsense)?;
    let sent = [&length.to_be_bytes()[..], bytes].concat();
    stream.write_all(&sent).await.map_err(|_| DnsTrouble::Silent)?;
    let length = stream.read_u16().await.map_err(|_| DnsTrouble::Silent)?;
    let mut raw = vec![0; length.into()];
    stream.read_exact(&mut raw).await.map_err(|_| DnsTrouble::Silent)?;
    let answer = fitting(question, &raw).ok_or(DnsTrouble::Nonsense)?;
    Ok((raw, answer))
}

/// The answer, when it is one to this question.
fn fitting(question: &Message, raw: &[u8]) -> Option<Message> {
    let answer = Message::from_vec(raw).ok()?;
    let same =
        answer.id == question.id && answer.message_type == MessageType::Response && answer.op_code == question.op_code;
    // Some servers leave the question out of a refusal.
    let asked = answer.queries.is_empty()
        || answer
            .queries
            .iter()
            .zip(&question.queries)
            .all(|(theirs, ours)| theirs.name() == ours.name() && theirs.query_type() == ours.query_type());
    (same && asked).then_some(answer)
}
