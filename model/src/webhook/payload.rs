//! What a delivery's body says was pushed. Only what a decision needs is read; everything is
//! somebody else's text and is cut to a length that a page can show.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Provider;
use crate::{name::CommitSha, text::clean_line};

/// The longest text that is kept of a payload, in bytes.
const LONGEST: usize = 300;
/// How many changed paths are kept; beyond, all paths count as changed.
const MOST_PATHS: usize = 2_000;

/// What was pushed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Pushed {
    /// A branch got a new head.
    Branch {
        /// The repository's addresses, any of which may be the app's.
        repositories: Vec<String>,
        /// The branch.
        branch: String,
        /// Its new head; `None` when the payload does not say.
        commit: Option<CommitSha>,
        /// The head's message, its first line.
        message: String,
        /// Who pushed.
        by: String,
        /// What was changed; `None` when the payload does not say all.
        paths: Option<Vec<String>>,
    },
    /// A branch was deleted.
    Deleted {
        /// The branch.
        branch: String,
    },
    /// A tag or another ref, which nothing is deployed from.
    OtherRef {
        /// The ref.
        name: String,
    },
    /// An image got a new version.
    Image {
        /// Its name without the tag.
        name: String,
        /// The tag.
        tag: String,
        /// Who pushed.
        by: String,
    },
    /// The provider asks whether anybody is there.
    Ping,
    /// Something that has nothing to do with deploying.
    Other,
}

impl Pushed {
    /// In words: "main at 3f9c2e1 by Ada".
    #[must_use]
    pub fn words(&self) -> String {
        let by = |by: &str| if by.is_empty() { String::new() } else { format!(" by {by}") };
        match self {
            Self::Branch { branch, commit: Some(commit), by: who, .. } => {
                format!("{branch} at {}{}", commit.short(), by(who))
            }
            Self::Branch { branch, by: who, .. } => format!("{branch}{}", by(who)),
            Self::Deleted { branch } => format!("{branch} deleted"),
            Self::OtherRef { name } => name.clone(),
            Self::Image { name, tag, by: who } => format!("{name}:{tag}{}", by(who)),
            Self::Ping => "ping".to_owned(),
            Self::Other => String::new(),
        }
    }
}

/// Reads a body of a provider; `None` when it is not JSON at all.
#[must_use]
pub fn read(provider: Provider, event: &str, body: &[u8]) -> Option<Pushed> {
    let body: Value = serde_json::from_slice(body).ok().or_else(|| form_payload(body))?;
    Some(match (provider, event) {
        (Provider::Github, "ping") => Pushed::Ping,
        (Provider::Github, "package" | "registry_package") => github_package(&body, event),
        (Provider::Github | Provider::Gitea, "push") => {
            push_of_ref(&body, &["clone_url", "ssh_url", "html_url", "git_url"], "repository")
        }
        (Provider::Gitlab, "Push Hook" | "System Hook") => {
            push_of_ref(&body, &["git_http_url", "git_ssh_url", "web_url", "http_url", "ssh_url"], "project")
        }
        (Provider::Gitlab, "Tag Push Hook") => Pushed::OtherRef { name: name(&body["ref"]) },
        (Provider::Bitbucket, "repo:push") => bitbucket(&body),
        (Provider::Bitbucket, "diagnostics:ping") => Pushed::Ping,
        (Provider::DockerHub, _) => Pushed::Image {
            name: name(&body["repository"]["repo_name"]),
            tag: name(&body["push_data"]["tag"]),
            by: text(&body["push_data"]["pusher"]),
        },
        (Provider::Generic, _) => generic(&body),
        _ => Pushed::Other,
    })
}

/// GitHub can send its JSON as the field `payload` of a form.
fn form_payload(body: &[u8]) -> Option<Value> {
    let encoded = std::str::from_utf8(body).ok()?.strip_prefix("payload=")?;
    let mut bytes = Vec::with_capacity(encoded.len());
    let mut rest = encoded.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'&' => break,
            b'+' => b' ',
            b'%' => {
                let digits = [rest.next()?, rest.next()?];
                u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
            }
            other => other,
        });
    }
    serde_json::from_slice(&bytes).ok()
}

/// A push as GitHub, GitLab and Gitea tell it: `ref`, `after`, `commits`.
fn push_of_ref(body: &Value, address_fields: &[&str], repository: &str) -> Pushed {
    let named = name(&body["ref"]);
    let Some(branch) = named.strip_prefix("refs/heads/") else { return Pushed::OtherRef { name: named } };
    let branch = branch.to_owned();
    let after = body["after"].as_str().unwrap_or_default();
    if body["deleted"].as_bool() == Some(true) || (!after.is_empty() && after.bytes().all(|byte| byte == b'0')) {
        return Pushed::Deleted { branch };
    }
    let commits = body["commits"].as_array().map(Vec::as_slice).unwrap_or_default();
    let head = match &body["head_commit"] {
        Value::Object(_) => &body["head_commit"],
        _ => commits.iter().find(|commit| commit["id"] == body["after"]).or(commits.last()).unwrap_or(&Value::Null),
    };
    let by = [&body["pusher"]["name"], &body["pusher"]["login"], &body["pusher"]["username"], &body["user_name"]];
    let mut repositories: Vec<String> =
        address_fields.iter().map(|field| name(&body[repository][*field])).filter(|url| !url.is_empty()).collect();
    if repositories.is_empty() {
        // It is nobody's then: only a generic delivery may leave it out.
        repositories.push("an unnamed repository".to_owned());
    }
    Pushed::Branch {
        repositories,
        branch,
        commit: after.parse().ok(),
        message: text(&head["message"]),
        by: by.into_iter().map(text).find(|by| !by.is_empty()).unwrap_or_default(),
        paths: changed_paths(body, commits),
    }
}

/// The paths of all commits; `None` when the payload leaves some out.
fn changed_paths(body: &Value, commits: &[Value]) -> Option<Vec<String>> {
    let said = body["total_commits_count"]
        .as_u64()
        .map_or(commits.len(), |total| usize::try_from(total).unwrap_or(usize::MAX));
    // GitHub sends at most 2048 commits, GitLab 20.
    if commits.is_empty() || said != commits.len() || commits.len() >= 2_048 || body["forced"].as_bool() == Some(true) {
        return None;
    }
    let mut paths = Vec::new();
    for commit in commits {
        for kind in ["added", "modified", "removed"] {
            for path in commit[kind].as_array()? {
                paths.push(path.as_str()?.to_owned());
            }
        }
    }
    paths.sort_unstable();
    paths.dedup();
    (paths.len() <= MOST_PATHS).then_some(paths)
}

fn bitbucket(body: &Value) -> Pushed {
    let changes = body["push"]["changes"].as_array().map(Vec::as_slice).unwrap_or_default();
    // The last branch that has a new head; several branches at once are rare.
    let Some(change) = changes.iter().rev().find(|change| change["new"]["type"] == "branch") else {
        let deleted = changes.iter().find(|change| change["new"].is_null() && change["old"]["type"] == "branch");
        return match deleted {
            Some(change) => Pushed::Deleted { branch: name(&change["old"]["name"]) },
            None => Pushed::OtherRef {
                name: changes.first().map(|change| name(&change["new"]["name"])).unwrap_or_default(),
            },
        };
    };
    let target = &change["new"]["target"];
    Pushed::Branch {
        repositories: vec![name(&body["repository"]["links"]["html"]["href"])],
        branch: name(&change["new"]["name"]),
        commit: target["hash"].as_str().and_then(|sha| sha.parse().ok()),
        message: text(&target["message"]),
        by: text(&body["actor"]["display_name"]),
        paths: None,
    }
}

fn github_package(body: &Value, event: &str) -> Pushed {
    if body["action"] != "published" && body["action"] != "updated" {
        return Pushed::Other;
    }
    let package = &body[event];
    let owner = name(&package["namespace"]).split('/').next().unwrap_or_default().to_lowercase();
    Pushed::Image {
        name: format!("ghcr.io/{owner}/{}", name(&package["name"]).to_lowercase()),
        tag: name(&package["package_version"]["container_metadata"]["tag"]["name"]),
        by: text(&body["sender"]["login"]),
    }
}

/// `{"branch": "main", "commit": "…"}`, `{"ref": "refs/heads/main"}` or `{"image": "name:tag"}`.
fn generic(body: &Value) -> Pushed {
    let by = text(&body["by"]);
    if body["image"].is_string() {
        let image = name(&body["image"]);
        let image = image.as_str();
        let (name, tag) = image.rsplit_once(':').filter(|(_, tag)| !tag.contains('/')).unwrap_or((image, "latest"));
        return Pushed::Image { name: name.to_owned(), tag: tag.to_owned(), by };
    }
    let named = name(&body["ref"]);
    let branch = match (body["branch"].as_str(), named.strip_prefix("refs/heads/")) {
        (Some(_), _) => name(&body["branch"]),
        (None, Some(branch)) => branch.to_owned(),
        (None, None) if named.is_empty() => return Pushed::Other,
        (None, None) => return Pushed::OtherRef { name: named },
    };
    Pushed::Branch {
        repositories: body["repository"].is_string().then(|| name(&body["repository"])).into_iter().collect(),
        branch,
        commit: body["commit"].as_str().and_then(|sha| sha.parse().ok()),
        message: text(&body["message"]),
        by,
        paths: None,
    }
}

fn text(value: &Value) -> String {
    value.as_str().map(cut).unwrap_or_default()
}

/// A name that decides something: whole or not at all. One with control characters, or too long to
/// be one, becomes something that no app has.
fn name(value: &Value) -> String {
    let text = value.as_str().unwrap_or_default();
    let good = text.len() <= LONGEST && !text.chars().any(char::is_control);
    if good { clean_line(text) } else { format!("{}\u{fffd}", cut(text)) }
}

/// The first line, without control characters, at most [`LONGEST`] bytes.
fn cut(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let mut end = line.len().min(LONGEST);
    while !line.is_char_boundary(end) {
        end -= 1;
    }
    clean_line(&line[..end])
}

#[cfg(test)]
mod tests;
