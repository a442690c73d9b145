//! Whether a push means a deploy of an app.

use super::Pushed;
use crate::{
    app::{AppSpec, Files, Origin, Source},
    text::clean_line,
};

/// What to do, and why, in a sentence that the inbox shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Deploy.
    Deploy(String),
    /// Nothing.
    Ignore(String),
}

/// Words in a commit's message that keep it from being deployed.
const SKIP: [&str; 5] = ["[skip ci]", "[ci skip]", "[no ci]", "[skip deploy]", "[deploy skip]"];

/// Decides for an app as it is now.
#[must_use]
pub fn decide(spec: &AppSpec, pushed: &Pushed) -> Decision {
    use Decision::{Deploy, Ignore};
    match (pushed, &spec.source) {
        (Pushed::Ping, _) => Ignore("It was a ping: the webhook works.".to_owned()),
        (Pushed::Other, _) => Ignore("It told of nothing that was pushed.".to_owned()),
        (Pushed::Deleted { branch }, _) => Ignore(format!("The branch {branch} was deleted.")),
        (Pushed::OtherRef { name }, _) => Ignore(format!("{name} is not a branch.")),
        (Pushed::Branch { .. }, Source::Image { image }) => {
            Ignore(format!("The app comes from the image {image}, not from git."))
        }
        (
            Pushed::Branch { repositories, branch, message, paths, .. },
            Source::Files(files @ Files { origin: Origin::Repo { repo, branch: wanted }, .. }),
        ) => {
            let message = message.to_lowercase();
            if !repositories.is_empty() && !repositories.iter().any(|pushed| same_repository(pushed, repo.as_str())) {
                Ignore(format!("It was pushed to {}, and the app comes from {repo}.", repositories[0]))
            } else if branch != wanted.as_str() {
                Ignore(format!("It was pushed to {branch}, and {wanted} is what is deployed."))
            } else if let Some(skip) = SKIP.iter().find(|skip| message.contains(**skip)) {
                Ignore(format!("The commit's message says {skip}."))
            } else if let Some(paths) = paths.as_deref().filter(|paths| !files.touched_by(paths)) {
                Ignore(format!("Skipped because only {} changed, which is not watched.", some_of(paths)))
            } else {
                Deploy(format!("{} was pushed.", pushed.words()))
            }
        }
        (Pushed::Image { name, tag, .. }, Source::Image { image }) => {
            let wanted = image.repository();
            match image.tag() {
                None => Ignore(format!("The app is pinned to {image}.")),
                Some(_) if canonical(name) != canonical(wanted) => {
                    Ignore(format!("It was {name}, and the app comes from {wanted}."))
                }
                Some(wanted_tag) if tag != wanted_tag => {
                    Ignore(format!("It was the tag {tag}, and {wanted_tag} is what is deployed."))
                }
                Some(_) => Deploy(format!("{} was pushed.", pushed.words())),
            }
        }
        (Pushed::Branch { .. }, Source::Files(Files { origin: Origin::Push { .. }, .. })) => {
            Ignore("The app is pushed to this server, not fetched from elsewhere.".to_owned())
        }
        (Pushed::Branch { .. }, Source::Files(Files { origin: Origin::Archive, .. })) => {
            Ignore("The app comes from an uploaded archive, not from git.".to_owned())
        }
        (Pushed::Image { .. }, Source::Files(files)) => Ignore(match &files.origin {
            Origin::Repo { repo, .. } => format!("The app comes from {repo}, not from an image."),
            Origin::Push { .. } => "The app is pushed to this server; it does not come from an image.".to_owned(),
            Origin::Archive => "The app comes from an uploaded archive, not from an image.".to_owned(),
        }),
    }
}

/// "docs/a.md, docs/b.md and 3 more".
fn some_of(paths: &[String]) -> String {
    const SHOWN: usize = 3;
    let shown: Vec<String> = paths.iter().take(SHOWN).map(|path| clean_line(path).chars().take(80).collect()).collect();
    match paths.len().saturating_sub(SHOWN) {
        _ if paths.is_empty() => "nothing".to_owned(),
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// Docker Hub's names have a long and a short form: `nginx` is `docker.io/library/nginx`.
fn canonical(name: &str) -> String {
    let name = name.strip_prefix("docker.io/").or_else(|| name.strip_prefix("index.docker.io/")).unwrap_or(name);
    name.strip_prefix("library/").unwrap_or(name).to_lowercase()
}

/// Whether two addresses name one repository: by https or ssh, with `.git` or without, letters large
/// or small.
#[must_use]
pub fn same_repository(one: &str, other: &str) -> bool {
    let (one, other) = (repository_key(one), repository_key(other));
    one.is_some() && one == other
}

/// `host/path` of `https://host/path.git`, `ssh://git@host:22/path` and `git@host:path`.
fn repository_key(address: &str) -> Option<String> {
    let (host, path) = match address.split_once("://") {
        Some((_, rest)) => rest.split_once('/')?,
        None => address.split_once(':')?,
    };
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    let host = host.split_once(':').map_or(host, |(host, _)| host);
    let path = path.trim_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path);
    (!host.is_empty() && !path.is_empty()).then(|| format!("{host}/{path}").to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::{same_repository, *};
    use crate::app::AppForm;

    fn git() -> AppSpec {
        let form = AppForm {
            name: "shop".into(),
            kind: "dockerfile".into(),
            repo: "https://git.example.com/Ada/Shop.git".into(),
            ..AppForm::default()
        };
        form.parse().expect("a good form")
    }

    fn image(image: &str) -> AppSpec {
        AppForm { name: "shop".into(), kind: "image".into(), image: image.into(), ..AppForm::default() }
            .parse()
            .expect("a good form")
    }

    fn branch(repository: &str, branch: &str, message: &str) -> Pushed {
        Pushed::Branch {
            repositories: vec![repository.into()],
            branch: branch.into(),
            commit: None,
            message: message.into(),
            by: "Ada".into(),
            paths: None,
        }
    }

    #[track_caller]
    fn ignored(spec: &AppSpec, pushed: &Pushed, why: &str) {
        match decide(spec, pushed) {
            Decision::Ignore(reason) => assert!(reason.contains(why), "{reason}"),
            Decision::Deploy(reason) => panic!("deployed: {reason}"),
        }
    }

    #[test]
    fn the_apps_own_branch_is_deployed_and_no_other() {
        let ours = "git@git.example.com:ada/shop.git";
        assert_eq!(decide(&git(), &branch(ours, "main", "Fix")), Decision::Deploy("main by Ada was pushed.".into()));
        ignored(&git(), &branch(ours, "feature", "Fix"), "main is what is deployed");
        ignored(&git(), &branch("https://git.example.com/ada/shop-2", "main", "Fix"), "comes from");
        ignored(&git(), &branch(ours, "main", "Docs [Skip CI]"), "[skip ci]");
        ignored(&git(), &Pushed::Deleted { branch: "main".into() }, "deleted");
        ignored(&git(), &Pushed::OtherRef { name: "refs/tags/v1".into() }, "not a branch");
        ignored(&git(), &Pushed::Ping, "works");
        ignored(&git(), &Pushed::Image { name: "a".into(), tag: "b".into(), by: String::new() }, "not from an image");
        ignored(&image("nginx"), &branch(ours, "main", ""), "not from git");
    }

    #[test]
    fn a_push_that_touches_nothing_watched_is_skipped_and_says_what_it_touched() {
        let form = AppForm { watch: "api\n!api/docs\n*.toml".into(), ..AppForm::of(&git()) };
        let spec = form.parse().expect("a good form");
        let push = |changed: Option<&[&str]>| {
            let Pushed::Branch { repositories, branch, commit, message, by, .. } =
                branch("https://git.example.com/ada/shop", "main", "Fix")
            else {
                unreachable!("a branch")
            };
            let paths = changed.map(|paths| paths.iter().map(|path| (*path).to_owned()).collect());
            Pushed::Branch { repositories, branch, commit, message, by, paths }
        };
        let deploys = |changed| matches!(decide(&spec, &push(changed)), Decision::Deploy(_));
        assert!(deploys(Some(&["docs/a.md", "api/main.py"])));
        assert!(deploys(Some(&["Cargo.toml"])));
        assert!(deploys(None), "a payload that does not say all counts as touching all");
        ignored(&spec, &push(Some(&["docs/a.md"])), "Skipped because only docs/a.md changed");
        ignored(&spec, &push(Some(&["api/docs/a", "b", "c", "d", "e"])), "only api/docs/a, b, c and 2 more changed");
        assert!(matches!(decide(&git(), &push(Some(&["docs/a.md"]))), Decision::Deploy(_)), "all is watched");
    }

    #[test]
    fn an_images_own_tag_is_deployed_and_no_other() {
        let pushed = |name: &str, tag: &str| Pushed::Image { name: name.into(), tag: tag.into(), by: String::new() };
        let deploys = |spec: &AppSpec, pushed: &Pushed| matches!(decide(spec, pushed), Decision::Deploy(_));
        assert!(deploys(&image("nginx"), &pushed("library/nginx", "latest")));
        assert!(deploys(&image("docker.io/ada/shop:live"), &pushed("ada/shop", "live")));
        assert!(deploys(&image("ghcr.io/ada/shop:live"), &pushed("ghcr.io/ada/shop", "live")));
        ignored(&image("ada/shop:live"), &pushed("ada/shop", "next"), "live is what is deployed");
        ignored(&image("ada/shop"), &pushed("eve/shop", "latest"), "comes from ada/shop");
        ignored(&image(&format!("ada/shop@sha256:{}", "0".repeat(64))), &pushed("ada/shop", "latest"), "pinned");
    }

    #[test]
    fn one_repository_has_many_addresses() {
        let https = "https://github.com/Ada/Shop";
        for same in [
            "https://github.com/ada/shop.git",
            "git@github.com:Ada/Shop.git",
            "ssh://git@github.com/ada/shop",
            "ssh://git@github.com:22/ada/shop.git/",
            "git://github.com/ada/shop.git",
        ] {
            assert!(same_repository(https, same), "{same}");
        }
        for other in [
            "https://github.com/ada/shop2",
            "https://github.com.evil.example/ada/shop",
            "ada/shop",
            "",
            "https://",
            ":",
            "https:///ada/shop",
        ] {
            assert!(!same_repository(https, other), "{other}");
        }
        assert!(!same_repository("", ""));
    }
}
