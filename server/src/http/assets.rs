//! The built files: found once at start, read below the site folder without following a link.

use std::{collections::HashMap, fs::File, io::Read, os::fd::OwnedFd, path::Path};

use axum::{
    body::Body,
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use homeport_model::problem::Problem;
use http::{HeaderMap, header};
use rustix::fs::{Dir, FileType, Mode, OFlags};

use super::{Panel, answer};

const FOREVER: &str = "public, max-age=31536000, immutable";
const A_WHILE: &str = "public, max-age=3600";
const PACKAGE: &str = "pkg";

/// The list of built files.
#[derive(Debug, Default)]
pub struct Assets {
    site: Option<OwnedFd>,
    /// By path, whether there is a brotli file beside it.
    files: HashMap<String, bool>,
}

impl Assets {
    /// Lists what is in `site` and its `pkg`. A missing folder is an empty one: pages then come
    /// without style and script, and the log says so.
    #[must_use]
    pub fn read(site: &Path) -> Self {
        let Ok(folder) = rustix::fs::open(site, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
        else {
            tracing::warn!("the built pages are not in {}; see --site", site.display());
            return Self::default();
        };
        let mut names = Vec::new();
        list(&folder, "", &mut names);
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        if let Ok(package) = rustix::fs::openat(&folder, PACKAGE, flags, Mode::empty()) {
            list(&package, PACKAGE, &mut names);
        }
        let compressed: Vec<_> = names.iter().filter_map(|name| name.strip_suffix(".br").map(str::to_owned)).collect();
        let files = names
            .into_iter()
            .filter(|name| !name.ends_with(".br") && !name.ends_with(".txt"))
            .map(|name| {
                let brotli = compressed.contains(&name);
                (name, brotli)
            })
            .collect();
        Self { site: Some(folder), files }
    }

    /// The style sheet's path, for pages that are made without Leptos.
    #[must_use]
    pub fn style_sheet(&self) -> Option<&str> {
        self.files.keys().find(|path| path.starts_with("/pkg/") && path.ends_with(".css")).map(String::as_str)
    }

    fn load(&self, path: &str) -> Option<Vec<u8>> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = rustix::fs::openat(self.site.as_ref()?, path.trim_start_matches('/'), flags, Mode::empty()).ok()?;
        let mut bytes = Vec::new();
        File::from(file).read_to_end(&mut bytes).ok()?;
        Some(bytes)
    }
}

fn list(folder: &OwnedFd, below: &str, names: &mut Vec<String>) {
    let Ok(entries) = Dir::read_from(folder) else { return };
    for entry in entries.flatten() {
        if entry.file_type() == FileType::RegularFile
            && let Ok(name) = entry.file_name().to_str()
        {
            names.push(if below.is_empty() { format!("/{name}") } else { format!("/{below}/{name}") });
        }
    }
}

/// A built file.
pub(super) async fn serve(State(panel): State<Panel>, request: Request) -> Response {
    let path = request.uri().path();
    let missing = || answer::respond(&Problem::not_found("file"));
    let Some(&has_brotli) = panel.assets.files.get(path) else { return missing() };
    let brotli = has_brotli && takes_brotli(request.headers());
    let stored = if brotli { format!("{path}.br") } else { path.to_owned() };
    let assets = panel.assets.clone();
    let Ok(Some(bytes)) = tokio::task::spawn_blocking(move || assets.load(&stored)).await else { return missing() };

    let keep = if hashed(path) { FOREVER } else { A_WHILE };
    let mut response = (
        [(header::CONTENT_TYPE, kind(path)), (header::CACHE_CONTROL, keep), (header::VARY, "Accept-Encoding")],
        Body::from(bytes),
    )
        .into_response();
    if brotli {
        response.headers_mut().insert(header::CONTENT_ENCODING, header::HeaderValue::from_static("br"));
    }
    response
}

fn takes_brotli(headers: &HeaderMap) -> bool {
    headers
        .get_all(header::ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|coding| coding.trim() == "br")
}

/// `/pkg/homeport.4gD5….wasm`: its name changes with its content.
fn hashed(path: &str) -> bool {
    let parts: Vec<_> = path.split('.').collect();
    path.starts_with("/pkg/") && parts.len() >= 3 && parts[parts.len() - 2].len() >= 16
}

fn kind(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("wasm") => "application/wasm",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("ico") => "image/x-icon",
        Some("woff2") => "font/woff2",
        Some("webmanifest") => "application/manifest+json",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::hashed;

    #[test]
    fn only_hashed_names_are_kept_for_ever() {
        assert!(hashed("/pkg/homeport.pPp7NHUNLlV7EyYz2UhqAg.wasm"));
        for path in ["/pkg/homeport.wasm", "/favicon.svg", "/x.pPp7NHUNLlV7EyYz2UhqAg.svg"] {
            assert!(!hashed(path), "{path}");
        }
    }
}
