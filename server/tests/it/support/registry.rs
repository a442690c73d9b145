//! An image registry on 127.0.0.1 with one image of one layer, behind a user and a password, or one
//! that never gives all of it. The engine speaks plain http to such addresses.

use std::{
    io::Write,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use axum::{
    Router,
    body::Body,
    extract::State,
    http::{HeaderMap, Method, Response, StatusCode, Uri, header},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use flate2::{Compression, write::GzEncoder};
use futures_util::{StreamExt, stream};
use homeport_model::name::ImageRef;
use serde_json::json;
use sha2::{Digest, Sha256};
use tokio::task::JoinHandle;

use super::images;

const MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";

struct Content {
    /// The sign-in that it wants; none where everybody may come in.
    wants: Option<String>,
    /// Whether the layer stops in the middle, and never comes to its end.
    stalls: bool,
    /// How often somebody got half of it.
    halves: AtomicUsize,
    manifest: Vec<u8>,
    config: Vec<u8>,
    layer: Vec<u8>,
    refused: AtomicUsize,
}

/// The registry; it goes away with this value.
pub struct Registry {
    pub host: String,
    content: Arc<Content>,
    server: JoinHandle<()>,
}

impl Drop for Registry {
    fn drop(&mut self) {
        self.server.abort();
        images::remove_named(&self.image());
    }
}

impl Registry {
    /// One that lets only this user with this password in.
    pub async fn start(user: &str, password: &str) -> Self {
        Self::serve(Some(format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))), false).await
    }

    /// One that lets everybody in, and gives half a layer.
    pub async fn stalling() -> Self {
        Self::serve(None, true).await
    }

    async fn serve(wants: Option<String>, stalls: bool) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let host = format!("127.0.0.1:{}", listener.local_addr().expect("an address").port());
        // What the engine knows from elsewhere, it does not ask for.
        let only_here: &[(&str, &[u8])] = if stalls { &[("host", host.as_bytes())] } else { &[] };
        let tar = images::root(only_here);
        let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
        packed.write_all(&tar).expect("packed");
        let layer = packed.finish().expect("packed");
        // The host in it makes the image another one for every registry.
        let config = json!({
            "architecture": architecture(), "os": "linux",
            "config": { "Cmd": ["/start"], "Env": ["PATH=/bin"], "ExposedPorts": { "5000/tcp": {} }, "Labels": { "from": host } },
            "rootfs": { "type": "layers", "diff_ids": [digest(&tar)] },
        });
        let config = config.to_string().into_bytes();
        let manifest = json!({
            "schemaVersion": 2, "mediaType": MANIFEST,
            "config": { "mediaType": "application/vnd.docker.container.image.v1+json", "size": config.len(), "digest": digest(&config) },
            "layers": [{ "mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip", "size": layer.len(), "digest": digest(&layer) }],
        });
        let manifest = manifest.to_string().into_bytes();
        let (refused, halves) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let content = Arc::new(Content { wants, stalls, halves, manifest, config, layer, refused });
        let router = Router::new().fallback(answer).with_state(content.clone());
        let server = tokio::spawn(async move { axum::serve(listener, router).await.expect("serves") });
        Self { host, content, server }
    }

    pub fn image(&self) -> ImageRef {
        format!("{}/ada/web:1", self.host).parse().expect("an image's name")
    }

    /// How often somebody got half a layer.
    pub fn halves(&self) -> usize {
        self.content.halves.load(Ordering::Relaxed)
    }

    /// How many requests came without the right password.
    pub fn refused(&self) -> usize {
        self.content.refused.load(Ordering::Relaxed)
    }
}

async fn answer(State(content): State<Arc<Content>>, method: Method, uri: Uri, headers: HeaderMap) -> Response<Body> {
    let reply = |status: StatusCode| {
        Response::builder().status(status).header("docker-distribution-api-version", "registry/2.0")
    };
    let shown = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    if content.wants.as_deref().is_some_and(|wants| shown != Some(wants)) {
        content.refused.fetch_add(1, Ordering::Relaxed);
        let words = r#"{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}"#;
        return reply(StatusCode::UNAUTHORIZED)
            .header(header::WWW_AUTHENTICATE, "Basic realm=\"stub\"")
            .header(header::CONTENT_TYPE, "application/json")
            .body(words.into())
            .expect("an answer");
    }
    let (config, layer) = (digest(&content.config), digest(&content.layer));
    let manifest = digest(&content.manifest);
    let (kind, bytes) = match uri.path() {
        "/v2/" => ("application/json", b"{}".as_slice()),
        path if path == "/v2/ada/web/manifests/1" || path == format!("/v2/ada/web/manifests/{manifest}") => {
            (MANIFEST, content.manifest.as_slice())
        }
        path if path == format!("/v2/ada/web/blobs/{config}") => {
            ("application/octet-stream", content.config.as_slice())
        }
        path if path == format!("/v2/ada/web/blobs/{layer}") => ("application/octet-stream", content.layer.as_slice()),
        _ => {
            let words = r#"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}"#;
            return reply(StatusCode::NOT_FOUND).body(words.into()).expect("an answer");
        }
    };
    let reply = reply(StatusCode::OK)
        .header(header::CONTENT_TYPE, kind)
        .header(header::CONTENT_LENGTH, bytes.len())
        .header("docker-content-digest", digest(bytes));
    let body = match method {
        Method::HEAD => Body::empty(),
        _ if content.stalls && uri.path().ends_with(&layer) => {
            content.halves.fetch_add(1, Ordering::Relaxed);
            let first = bytes[..bytes.len() / 2].to_vec();
            Body::from_stream(stream::iter([Ok::<_, std::io::Error>(first)]).chain(stream::pending()))
        }
        _ => Body::from(bytes.to_vec()),
    };
    reply.body(body).expect("an answer")
}

fn digest(bytes: &[u8]) -> String {
    format!("sha256:{}", Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect::<String>())
}

fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}
