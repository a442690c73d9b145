//! What a person types to give an app a need, and to take it away.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{DockerOption, HostNeeds, Mount, SourceRange, Storage};
use crate::{name::Refused, problem::Problem};

/// The form of one need; what its kind has no use for stays empty.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct NeedForm {
    /// `mount`, `port`, `published` or `option`.
    pub kind: String,
    /// A mount: the volume's name or the host's path. Else the need in its own spelling; options
    /// may be several.
    pub text: String,
    /// A mount: where the app sees it.
    pub to: String,
    /// A mount: whether the app may only read it; anything but nothing is yes.
    pub read_only: String,
    /// A mount: whose it is when it is made.
    pub owner: String,
    /// A mount or a published port: the process.
    pub process: String,
    /// A published port: from where it can be reached; empty means from everywhere.
    pub sources: String,
}

impl HostNeeds {
    /// These needs and what was typed.
    ///
    /// # Errors
    /// A sentence with its field.
    pub fn with(&self, form: &NeedForm) -> Result<Self, Problem> {
        let mut needs = self.clone();
        let text = form.text.trim();
        match form.kind.as_str() {
            "mount" => needs.mounts.push(mount(form)?),
            "port" => needs.ports.push(field("text", text)?),
            "published" => {
                let mut published: super::Published = field("text", text)?;
                if !form.process.trim().is_empty() {
                    published.process = field("process", form.process.trim())?;
                }
                if !form.sources.trim().is_empty() {
                    published.sources =
                        SourceRange::list(&form.sources).map_err(|refused| Problem::invalid("sources", refused.0))?;
                }
                needs.published.push(published);
            }
            "option" => {
                let typed = DockerOption::split(&form.text);
                if typed.is_empty() {
                    return Err(Problem::invalid("text", "Type at least one option, as in --cap-add=NET_ADMIN."));
                }
                for typed in typed.iter().take(super::MOST + 1) {
                    let option = typed.parse().map_err(|refused: Refused| {
                        let shown: String = typed.chars().take(60).collect();
                        Problem::invalid("text", format!("{shown}: {refused}"))
                    })?;
                    needs.options.push(option);
                }
            }
            _ => return Err(Problem::invalid("kind", "Choose what the app needs.")),
        }
        needs.check().map_err(|problem| match form.kind.as_str() {
            "mount" => problem,
            _ => problem.at("text"),
        })?;
        Ok(needs)
    }

    /// These needs without the one that is spelt so; `None` where there is none.
    #[must_use]
    pub fn without(&self, kind: &str, text: &str) -> Option<Self> {
        fn drop_one<T: ToString>(all: &mut Vec<T>, text: &str) -> Option<()> {
            let at = all.iter().position(|one| one.to_string() == text)?;
            all.remove(at);
            Some(())
        }
        let mut needs = self.clone();
        match kind {
            "mount" => drop_one(&mut needs.mounts, text)?,
            "port" => drop_one(&mut needs.ports, text)?,
            "published" => drop_one(&mut needs.published, text)?,
            "option" => drop_one(&mut needs.options, text)?,
            _ => return None,
        }
        Some(needs)
    }
}

fn mount(form: &NeedForm) -> Result<Mount, Problem> {
    let from = form.text.trim();
    let from = if from.starts_with('/') {
        Storage::Folder { path: field("text", from)? }
    } else {
        Storage::Volume { name: field("text", from)? }
    };
    let read_only = !form.read_only.is_empty();
    if let Storage::Folder { path } = &from
        && path.is_read_only()
        && !read_only
    {
        return Err(Problem::invalid(
            "read_only",
            "This path is part of the server: an app may read it, not change it.",
        ));
    }
    Ok(Mount {
        from,
        to: field("to", form.to.trim())?,
        read_only,
        process: match form.process.trim() {
            "" => None,
            process => Some(field("process", process)?),
        },
        owner: field("owner", form.owner.trim())?,
    })
}

fn field<T: FromStr<Err = Refused>>(name: &str, typed: &str) -> Result<T, Problem> {
    typed.parse().map_err(|refused: Refused| Problem::invalid(name, refused.0))
}
