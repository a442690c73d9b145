//! What the person is told when an engine does not do what was asked. What no one can act on stays
//! internal.

use homeport_model::problem::{Code, Problem};

use crate::{
    drivers::{archive, docker, git, nat, nginx, tls},
    failure::Failure,
};

impl From<docker::Error> for Failure {
    fn from(error: docker::Error) -> Self {
        use docker::Error as E;
        let engine = |hint: &str| Problem::new(Code::Engine, sentence(&error)).hint(hint);
        match &error {
            E::Unreachable(_) | E::Silent | E::Lost(_) => {
                engine("Sites and running apps go on. Start the engine (systemctl start docker), then try again.")
                    .into()
            }
            E::NotFound => engine("Somebody or something removed it. Deploy again.").into(),
            E::NameTaken { .. } => engine("Rename or remove that one, then try again.").into(),
            E::Build { out_of_memory: true, memory_mib, .. } => {
                Problem::new(Code::Engine, format!("The build used up its {memory_mib} MiB of memory."))
                    .hint("Give it more in the app's settings, stop something on this server, or build elsewhere and deploy the image.")
                    .into()
            }
            E::Build { .. } => engine("The lines above say why. Mend it, push, and deploy again.").into(),
            E::BuildTimedOut { .. } => engine("Look at what it was doing last, or give it more time in the app's settings.").into(),
            E::Layout(_) => engine("Choose another builder in the app's settings, or deploy again.").into(),
            E::NoBuildKit => engine("Use Docker's own engine, 18.09 or newer, or take --mount and its like out of the Dockerfile.").into(),
            E::Context(_) => engine("Mend the repository, push, and deploy again.").into(),
            E::RegistryDenied { signed_in: false, .. } => {
                engine("Check the image's name. If it is private, sign in to its registry in Settings, under Image registries.").into()
            }
            E::RegistryDenied { signed_in: true, .. } => {
                engine("The token may have ended or may not read this. Put a new one into Settings, under Image registries.").into()
            }
            E::BaseDenied { .. } => {
                engine("Check the name in FROM. If the image is private, sign in to its registry in Settings, under Image registries.").into()
            }
            E::Registry { .. } => engine("Check the registry's host, and that this server reaches it.").into(),
            E::Pull { .. } => engine("Check the image's name, and that this server may pull it.").into(),
            E::DiskFull => engine("Free some space on the server, then try again.").into(),
            E::Conflict { .. } | E::Engine { .. } => engine("Try again; if it stays, look at the engine's log.").into(),
            E::Policy(_) | E::Answer(_) => Self::internal(error),
        }
    }
}

impl From<nginx::Error> for Failure {
    fn from(error: nginx::Error) -> Self {
        use nginx::Error as E;
        let engine = |hint: &str| Problem::new(Code::Engine, sentence(&error)).hint(hint);
        match &error {
            E::Rejected { .. } | E::NotServing { .. } => engine("What was served before is served on.").into(),
            E::PortTaken { .. } => engine(
                "Stop that process, or start Homeport with other ports (--http-port, --https-port, --tunnel-port).",
            )
            .into(),
            E::Unreachable { .. } | E::Path(_) => engine("Start Homeport with another --state.").into(),
            _ => Self::internal(error),
        }
    }
}

impl From<git::Error> for Failure {
    fn from(error: git::Error) -> Self {
        use git::Error as E;
        let engine = |hint: &str| Problem::new(Code::Engine, sentence(&error)).hint(hint);
        match &error {
            E::SignInWanted => engine(
                "Check the address. If the repository is private, give the app a user and a token in its settings, under Access.",
            )
            .into(),
            E::SignInRefused => engine(
                "The token may have ended or been revoked. Make a new one that may read the repository, and put it into the app's settings, under Access.",
            )
            .into(),
            E::KeyWanted { .. } => engine(
                "Make a deploy key in the app's settings, under Access, and give its public half to the repository's host.",
            )
            .into(),
            E::KeyRefused { .. } => engine(
                "Give the public half, which the app's settings show under Access, to the repository's host, and try again.",
            )
            .into(),
            E::NoRight => engine("Give this user, token or key the right to read the repository.").into(),
            E::NotFound => engine(
                "Check the address. Many hosts say this of private repositories, too, to whoever may not read them.",
            )
            .into(),
            E::Moved => engine("Put the repository's new address into the app's settings.").into(),
            E::Certificate { .. } => engine("Ask the host's owner to mend it; Homeport does not look away.").into(),
            E::NoSuchRef { .. } => engine("Check the branch in the app's settings.").into(),
            E::NoSuchCommit { .. } => {
                engine("It may have been overwritten by a force push. Check the commit, or deploy the branch.").into()
            }
            E::HostAway { .. } | E::TimedOut { .. } => engine("Check the address, or try again later.").into(),
            E::OtherHostKey { .. } => engine(
                "Ask the host's owner whether it has a new key. If so, compare and accept it in the app's settings, under Access: Try access.",
            )
            .into(),
            E::TooLarge { .. } | E::TooManyFiles { .. } => engine("Deploy a smaller repository.").into(),
            E::Submodule { .. } => engine("Mend .gitmodules, push, and deploy again.").into(),
            E::TooManySubmodules { .. } => {
                engine("Switch submodules off in the app's settings, or use fewer.").into()
            }
            E::Pack { .. } => engine("Mend the commit that it names, and push again.").into(),
            E::PlainHttp => engine("Use https, or start Homeport with --allow-local-git.").into(),
            E::Symlink { .. } | E::SymlinkOut { .. } | E::BadName { .. } => {
                engine("Put a regular file in its place, push, and deploy again.").into()
            }
            E::NoSuchFile { .. } | E::NoSuchFolder { .. } => engine("Check the paths in the app's settings.").into(),
            E::Unreachable { .. } => engine("Start Homeport with another --state.").into(),
            E::Process(_) | E::Files(_) | E::Answer(_) => Self::internal(error),
        }
    }
}

impl From<archive::Error> for Failure {
    fn from(error: archive::Error) -> Self {
        use archive::Error as E;
        let code = match &error {
            E::Files(_) => return Self::internal(error),
            E::UploadTooLarge { .. } => Code::TooLarge,
            _ => Code::Invalid,
        };
        let hint = match &error {
            E::Empty | E::NoFiles | E::UnknownKind => "Choose a .tar, .tar.gz, .tgz or .zip file.",
            E::Encrypted { .. } => "Pack it without a password.",
            E::Damaged(_) => "Pack and send it again.",
            E::GitsOwn { .. } => "Leave the folder .git out.",
            E::UploadTooLarge { .. } | E::TooLarge { .. } | E::FileTooLarge { .. } | E::TooManyFiles { .. } => {
                "Leave out what the app does not need, such as packages that its build fetches."
            }
            _ => "Pack it anew without that.",
        };
        let problem = Problem { field: Some("archive".into()), ..Problem::new(code, sentence(&error)).hint(hint) };
        problem.into()
    }
}

impl From<tls::Error> for Failure {
    fn from(error: tls::Error) -> Self {
        match &error {
            tls::Error::NotMade(_) => Self::internal(error),
            _ => Problem::invalid(error.field(), sentence(&error)).hint(error.hint()).into(),
        }
    }
}

impl From<nat::Error> for Failure {
    fn from(error: nat::Error) -> Self {
        Self::internal(error)
    }
}

/// An error's own text as a sentence.
fn sentence(error: &dyn std::error::Error) -> String {
    let text = error.to_string();
    let mut chars = text.chars();
    let first = chars.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    let end = if text.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{first}{}{end}", chars.as_str())
}
