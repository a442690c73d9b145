//! A deploy's status as a Git host shows it beside the commit: whose interface, at which address, and
//! what is sent there.
//!
//! Sources: GitHub "Create a commit status", GitLab "Set commit pipeline status", Gitea and Forgejo
//! "repoCreateStatus", Bitbucket "Create a build status for a commit".

use serde::{Deserialize, Serialize};

use crate::{
    name::{AppName, CommitSha, HostName, RepoUrl, parsed},
    problem::Problem,
    time::Timestamp,
};

/// The longest token that is taken, in bytes.
const MOST_TOKEN_BYTES: usize = 1_024;
/// What the shortest of the hosts shows of a description, in characters.
const MOST_WORDS: usize = 140;

parsed!(
    /// The address of a Git host's interface: `https://host[:port]/path`, without a slash at its end.
    /// Plain http parses too, for a host on the same machine; whether it may be used is the server's.
    ApiUrl,
    |text| {
        let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
        let rest = rest.ok_or("The address begins with https://.")?;
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (host, port) = authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port)));
        if port.is_some_and(|port| port.parse::<crate::name::Port>().is_err()) {
            return Err("The address's port is not a port.");
        }
        let numbers = host.parse::<std::net::Ipv4Addr>().is_ok();
        if !numbers && host != "localhost" && host.parse::<HostName>().is_err() {
            return Err("The address's host is not a host name.");
        }
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_./".contains(&b);
        if text.len() > 300 || !path.bytes().all(plain) || path.ends_with('/') {
            return Err("The address's path has only letters, digits and - _ . /, and no slash at its end.");
        }
        if path.split('/').any(|part| part == ".." || part == ".") {
            return Err("The address's path has a part that is not a name.");
        }
        Ok(())
    }
);

/// Whose interface it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StatusHost {
    /// GitHub, or GitHub Enterprise.
    Github,
    /// GitLab.
    Gitlab,
    /// Gitea, Forgejo.
    Gitea,
    /// Bitbucket.
    Bitbucket,
}

impl StatusHost {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Github, Self::Gitlab, Self::Gitea, Self::Bitbucket];

    /// The word in forms and in the store.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Github => "github",
            Self::Gitlab => "gitlab",
            Self::Gitea => "gitea",
            Self::Bitbucket => "bitbucket",
        }
    }

    /// The name that people know.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Github => "GitHub",
            Self::Gitlab => "GitLab",
            Self::Gitea => "Gitea or Forgejo",
            Self::Bitbucket => "Bitbucket",
        }
    }

    /// The one of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|host| host.as_str() == word)
    }

    /// Whose a repository probably is, by its host's name.
    #[must_use]
    pub fn guess(repo: &RepoUrl) -> Option<Self> {
        let host = host_of(repo)?;
        let is = |name: &str| host == name || host.ends_with(&format!(".{name}"));
        let begins = |word: &str| host.split('.').next().is_some_and(|label| label == word);
        match host {
            _ if is("github.com") || begins("github") => Some(Self::Github),
            _ if is("gitlab.com") || begins("gitlab") => Some(Self::Gitlab),
            _ if is("bitbucket.org") => Some(Self::Bitbucket),
            _ if is("codeberg.org") || begins("gitea") || begins("forgejo") => Some(Self::Gitea),
            _ => None,
        }
    }

    /// Where its interface usually is.
    #[must_use]
    pub fn usual_api(self, repo: &RepoUrl) -> Option<ApiUrl> {
        let host = host_of(repo)?;
        let text = match (self, host) {
            (Self::Github, "github.com") => "https://api.github.com".to_owned(),
            (Self::Github, host) => format!("https://{host}/api/v3"),
            (Self::Gitlab, host) => format!("https://{host}/api/v4"),
            (Self::Gitea, host) => format!("https://{host}/api/v1"),
            (Self::Bitbucket, _) => "https://api.bitbucket.org/2.0".to_owned(),
        };
        text.parse().ok()
    }
}

/// What a person types.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct StatusForm {
    /// Whose interface; empty for the one that the repository's address tells of.
    pub host: String,
    /// Its address; empty for the usual one.
    pub api: String,
    /// The token; empty keeps the one that is there.
    pub token: String,
}

/// A form that reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusSpec {
    /// Whose interface.
    pub host: StatusHost,
    /// Its address.
    pub api: ApiUrl,
    /// The token, when a new one was typed.
    pub token: Option<String>,
}

impl StatusForm {
    /// Reads the form of an app that comes from `repo`.
    ///
    /// # Errors
    /// The first field that is not acceptable.
    pub fn parse(&self, repo: &RepoUrl) -> Result<StatusSpec, Problem> {
        let refuse = |field: &str, title: &str| Problem::invalid(field, title);
        let host = match self.host.trim() {
            "" => {
                StatusHost::guess(repo).ok_or_else(|| refuse("status_host", "Choose which kind of Git host it is."))?
            }
            word => StatusHost::from_word(word)
                .ok_or_else(|| refuse("status_host", "Choose which kind of Git host it is."))?,
        };
        let api = match self.api.trim().trim_end_matches('/') {
            "" => host.usual_api(repo).ok_or_else(|| refuse("status_api", "Type the interface's address."))?,
            typed => {
                typed.parse().map_err(|refused: crate::name::Refused| refuse("status_api", &refused.to_string()))?
            }
        };
        let token = self.token.trim();
        if token.len() > MOST_TOKEN_BYTES || !token.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(refuse("status_token", "A token has no spaces and no control characters."));
        }
        Ok(StatusSpec { host, api, token: (!token.is_empty()).then(|| token.to_owned()) })
    }
}

/// How a deploy stands, as the hosts know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StatusState {
    /// It waits or runs.
    Pending,
    /// It is live.
    Success,
    /// It did not succeed.
    Failure,
}

impl StatusState {
    /// The word in the store.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Success => "success",
            Self::Failure => "failure",
        }
    }
}

/// One status of one commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status<'a> {
    /// Of which app.
    pub app: &'a AppName,
    /// Its repository.
    pub repo: &'a RepoUrl,
    /// The commit.
    pub commit: &'a CommitSha,
    /// How it stands.
    pub state: StatusState,
    /// The deploy's page.
    pub page: &'a str,
    /// A sentence.
    pub words: &'a str,
}

/// A request to a Git host, always a POST of JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusRequest {
    /// The whole address.
    pub url: String,
    /// The header that signs in, by name and value.
    pub sign_in: (&'static str, String),
    /// JSON.
    pub body: String,
}

/// What is sent; `None` for a repository's address that this host cannot have.
#[must_use]
pub fn request(host: StatusHost, api: &ApiUrl, token: &str, status: &Status<'_>) -> Option<StatusRequest> {
    let path = path_of(status.repo)?;
    let (sha, page, words) = (status.commit.as_str(), status.page, cut(status.words));
    let context = format!("homeport/{}", status.app);
    let word = |pending, failure| match status.state {
        StatusState::Pending => pending,
        StatusState::Success if host == StatusHost::Bitbucket => "SUCCESSFUL",
        StatusState::Success => "success",
        StatusState::Failure => failure,
    };
    let bearer = ("authorization", format!("Bearer {token}"));
    let (url, sign_in, body) = match host {
        StatusHost::Github => (
            format!("{api}/repos/{path}/statuses/{sha}"),
            bearer,
            serde_json::json!({ "state": word("pending", "failure"), "target_url": page, "description": words, "context": context }),
        ),
        StatusHost::Gitea => (
            format!("{api}/repos/{path}/statuses/{sha}"),
            ("authorization", format!("token {token}")),
            serde_json::json!({ "state": word("pending", "failure"), "target_url": page, "description": words, "context": context }),
        ),
        StatusHost::Gitlab => (
            format!("{api}/projects/{}/statuses/{sha}", path.replace('/', "%2F")),
            ("private-token", token.to_owned()),
            serde_json::json!({ "state": word("running", "failed"), "target_url": page, "description": words, "name": context }),
        ),
        StatusHost::Bitbucket => (
            format!("{api}/repositories/{path}/commit/{sha}/statuses/build"),
            bearer,
            serde_json::json!({ "state": word("INPROGRESS", "FAILED"), "url": page, "description": words, "name": context, "key": context }),
        ),
    };
    Some(StatusRequest { url, sign_in, body: body.to_string() })
}

/// How long to wait before another try, in ms, after so many that failed; `None` when it is given up.
#[must_use]
pub const fn next_try_ms(failed: u32) -> Option<i64> {
    match failed {
        1 => Some(10_000),
        2 => Some(60_000),
        3 => Some(10 * 60_000),
        4..=8 => Some(60 * 60_000),
        _ => None,
    }
}

/// What the settings show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusView {
    /// Whether the app comes from a repository, so that there is somebody to tell.
    pub possible: bool,
    /// Whose interface its repository's address tells of.
    pub guess: Option<StatusHost>,
    /// What is set, when something is: whose interface, its address, since when.
    pub set: Option<(StatusHost, String, Timestamp)>,
    /// The last report: of which release, when it was taken, or why not yet.
    pub last: Option<StatusReportRow>,
}

/// How a report fared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusReportRow {
    /// The release's number.
    pub release: u32,
    /// What was reported, or is to be.
    pub state: StatusState,
    /// When it was last tried.
    pub at: Timestamp,
    /// Why it was not taken; `None` when it was.
    pub problem: Option<String>,
    /// When it is tried again.
    pub next_at: Option<Timestamp>,
}

fn host_of(repo: &RepoUrl) -> Option<&str> {
    let (_, rest) = repo.as_str().split_once("://")?;
    let (authority, _) = rest.split_once('/')?;
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    Some(host.split_once(':').map_or(host, |(host, _)| host))
}

/// `owner/name`, as the interfaces know a repository; deeper for GitLab's groups.
fn path_of(repo: &RepoUrl) -> Option<String> {
    let (_, rest) = repo.as_str().split_once("://")?;
    let (_, path) = rest.split_once('/')?;
    let path = path.trim_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path);
    let whole = path.contains('/') && path.split('/').all(|part| !part.is_empty());
    whole.then(|| path.replace('~', "%7E").replace('+', "%2B"))
}

fn cut(words: &str) -> String {
    crate::text::clean_line(words).chars().take(MOST_WORDS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repo(text: &str) -> RepoUrl {
        text.parse().expect("an address")
    }

    fn sent(host: StatusHost, address: &str, state: StatusState) -> StatusRequest {
        let repo = repo(address);
        let api = host.usual_api(&repo).expect("an address");
        let (app, commit) = ("shop".parse().expect("a name"), "a".repeat(40).parse().expect("a commit"));
        let page = "https://panel.example.com/apps/shop/deploys/3";
        let status = Status { app: &app, repo: &repo, commit: &commit, state, page, words: "Live." };
        request(host, &api, "t0ken", &status).expect("a request")
    }

    #[test]
    fn each_host_gets_its_own_shape() {
        let sha = "a".repeat(40);
        let github = sent(StatusHost::Github, "https://github.com/ada/shop.git", StatusState::Success);
        assert_eq!(github.url, format!("https://api.github.com/repos/ada/shop/statuses/{sha}"));
        assert_eq!(github.sign_in, ("authorization", "Bearer t0ken".to_owned()));
        assert!(github.body.contains(r#""state":"success""#) && github.body.contains(r#""context":"homeport/shop""#));
        let gitlab = sent(StatusHost::Gitlab, "ssh://git@gitlab.com/group/sub/shop.git", StatusState::Pending);
        assert_eq!(gitlab.url, format!("https://gitlab.com/api/v4/projects/group%2Fsub%2Fshop/statuses/{sha}"));
        assert_eq!(gitlab.sign_in, ("private-token", "t0ken".to_owned()));
        assert!(gitlab.body.contains(r#""state":"running""#));
        let gitea = sent(StatusHost::Gitea, "https://codeberg.org/ada/shop", StatusState::Failure);
        assert_eq!(gitea.url, format!("https://codeberg.org/api/v1/repos/ada/shop/statuses/{sha}"));
        assert_eq!(gitea.sign_in.1, "token t0ken");
        assert!(gitea.body.contains(r#""state":"failure""#));
        let bitbucket = sent(StatusHost::Bitbucket, "https://bitbucket.org/ada/shop.git", StatusState::Success);
        assert_eq!(
            bitbucket.url,
            format!("https://api.bitbucket.org/2.0/repositories/ada/shop/commit/{sha}/statuses/build")
        );
        assert!(bitbucket.body.contains(r#""state":"SUCCESSFUL""#));
    }

    #[test]
    fn the_address_tells_whose_it_is() {
        let guess = |address: &str| StatusHost::guess(&repo(address));
        assert_eq!(guess("https://github.com/ada/shop"), Some(StatusHost::Github));
        assert_eq!(guess("ssh://git@gitlab.example.com:2222/ada/shop"), Some(StatusHost::Gitlab));
        assert_eq!(guess("https://codeberg.org/ada/shop"), Some(StatusHost::Gitea));
        assert_eq!(guess("https://bitbucket.org/ada/shop"), Some(StatusHost::Bitbucket));
        assert_eq!(guess("https://git.example.com/ada/shop"), None);
        assert_eq!(
            guess("https://github.com.evil.example/ada/shop"),
            Some(StatusHost::Github),
            "a token is typed for it"
        );
        assert_eq!(guess("https://notgithub.com/ada/shop"), None);
    }

    #[test]
    fn a_form_reads_or_names_its_field() {
        let repo = repo("https://git.example.com/ada/shop");
        let form = |host: &str, api: &str, token: &str| {
            StatusForm { host: host.into(), api: api.into(), token: token.into() }.parse(&repo)
        };
        let spec = form("gitea", "", "abc").expect("reads");
        assert_eq!(spec.api.as_str(), "https://git.example.com/api/v1");
        assert_eq!(form("gitea", "https://x.example.com/api/v1/", "").expect("reads").token, None);
        let field = |host, api, token| form(host, api, token).expect_err("refused").field;
        assert_eq!(field("", "", "a").as_deref(), Some("status_host"));
        assert_eq!(field("svn", "", "a").as_deref(), Some("status_host"));
        for api in [
            "ftp://x.example.com",
            "https://",
            "https://user@x.example.com",
            "https://x.example.com/../..",
            "https://x.example.com/?a=b",
            "https://x.example.com/a b",
            "https://x.example.com:99999/api",
            "file:///etc/passwd",
            "https://[::1]/api",
        ] {
            assert_eq!(field("gitea", api, "a").as_deref(), Some("status_api"), "{api}");
        }
        for token in ["a b", "a\nb", "a\u{7f}", "ü", &"a".repeat(2_000)] {
            assert_eq!(field("gitea", "", token).as_deref(), Some("status_token"), "{token:?}");
        }
    }

    #[test]
    fn a_repository_without_an_owner_has_no_status() {
        let repo = repo("https://git.example.com/shop");
        let (app, commit) = ("shop".parse().expect("a name"), "a".repeat(40).parse().expect("a commit"));
        let api = StatusHost::Gitea.usual_api(&repo).expect("an address");
        let status =
            Status { app: &app, repo: &repo, commit: &commit, state: StatusState::Success, page: "", words: "" };
        assert_eq!(request(StatusHost::Gitea, &api, "t", &status), None);
    }

    #[test]
    fn tries_become_rarer_and_end() {
        let waits: Vec<i64> = (1..).map_while(next_try_ms).collect();
        assert!(waits.is_sorted() && waits.len() == 8, "{waits:?}");
    }
}
