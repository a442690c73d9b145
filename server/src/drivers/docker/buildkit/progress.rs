//! What BuildKit tells of a build, as text: each step once when it begins, and what it says.

use std::collections::HashSet;

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::wire::{Value, fields};

/// The steps that were told already.
#[derive(Default)]
pub(super) struct Progress {
    begun: HashSet<Vec<u8>>,
}

/// A step, `moby.buildkit.v1.Vertex`.
#[derive(Default)]
struct Vertex<'a> {
    digest: &'a [u8],
    name: String,
    is_cached: bool,
    has_started: bool,
}

impl Progress {
    /// What a `moby.buildkit.v1.StatusResponse` in base64 tells anew. Each text ends its line.
    pub(super) fn take(&mut self, text: &str) -> Vec<String> {
        let Ok(status) = STANDARD.decode(text) else { return Vec::new() };
        let mut said = Vec::new();
        for (field, value) in fields(&status) {
            match (field, value) {
                (1, Value::Bytes(vertex)) => said.extend(self.begin(&read(vertex))),
                (3, Value::Bytes(log)) => {
                    let message = fields(log).find_map(|(field, value)| match (field, value) {
                        (4, Value::Bytes(message)) => Some(String::from_utf8_lossy(message).into_owned()),
                        _ => None,
                    });
                    said.extend(message);
                }
                _ => {}
            }
        }
        said
    }

    fn begin(&mut self, vertex: &Vertex<'_>) -> Option<String> {
        let is_telling = vertex.has_started || vertex.is_cached;
        // Loading the context and looking at images is BuildKit's own business.
        let is_ours = !vertex.name.starts_with("[internal]") && !vertex.name.starts_with("copy /context");
        if !is_telling || !is_ours || !self.begun.insert(vertex.digest.to_owned()) {
            return None;
        }
        let cached = if vertex.is_cached { "CACHED " } else { "" };
        Some(format!("{cached}{}\n", vertex.name))
    }
}

fn read(message: &[u8]) -> Vertex<'_> {
    let mut vertex = Vertex::default();
    for (field, value) in fields(message) {
        match (field, value) {
            (1, Value::Bytes(digest)) => vertex.digest = digest,
            (3, Value::Bytes(name)) => vertex.name = String::from_utf8_lossy(name).into_owned(),
            (4, Value::Number(cached)) => vertex.is_cached = cached != 0,
            (5, Value::Bytes(_)) => vertex.has_started = true,
            _ => {}
        }
    }
    vertex
}

#[cfg(test)]
mod tests {
    use super::{super::wire::message, *};

    fn vertex(name: &str, rest: &[u8]) -> String {
        let parts = [message(1, name.as_bytes()), message(3, name.as_bytes()), rest.to_vec()].concat();
        STANDARD.encode(message(1, &parts))
    }

    #[test]
    fn a_step_is_told_once_and_what_it_says_as_it_is() {
        let mut progress = Progress::default();
        let started = message(5, &[]);
        assert!(progress.take(&vertex("[1/2] FROM base", &[])).is_empty(), "it is only planned");
        assert_eq!(progress.take(&vertex("[1/2] FROM base", &started)), ["[1/2] FROM base\n"]);
        assert!(progress.take(&vertex("[1/2] FROM base", &started)).is_empty());
        assert_eq!(progress.take(&vertex("[2/2] RUN make", &[0x20, 1])), ["CACHED [2/2] RUN make\n"]);
        assert!(progress.take(&vertex("[internal] load metadata", &started)).is_empty());
        let log = [message(1, b"x"), message(4, b"hello\n")].concat();
        assert_eq!(progress.take(&STANDARD.encode(message(3, &log))), ["hello\n"]);
        assert!(progress.take("no base64!").is_empty());
    }
}
