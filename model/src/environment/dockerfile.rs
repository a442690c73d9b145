//! What a Dockerfile asks of its builder. The engine's classic builder knows neither mounts nor
//! here-documents; BuildKit does.

use std::collections::BTreeSet;

/// What a Dockerfile asks for beyond the classic builder.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wants {
    /// Whether only BuildKit can build it.
    pub buildkit: bool,
    /// The secrets that it mounts, by their ids.
    pub secrets: BTreeSet<String>,
    /// The images that its stages begin with, as far as the text alone says.
    pub bases: Vec<String>,
}

/// Reads a Dockerfile for it. Words that are no Dockerfile ask for nothing: the builder refuses them.
#[must_use]
pub fn wants_of(dockerfile: &str) -> Wants {
    let (mut wants, mut stages) = (Wants::default(), BTreeSet::new());
    for instruction in instructions(dockerfile) {
        let mut words = instruction.split_whitespace();
        let word = words.next().unwrap_or_default().to_ascii_uppercase();
        if word == "FROM" {
            let mut said = words.filter(|word| !word.starts_with("--"));
            let base = said.next().unwrap_or_default();
            let is_image = !matches!(base, "" | "scratch") && !base.contains('$');
            if is_image && !stages.contains(&base.to_ascii_lowercase()) {
                wants.bases.push(base.to_owned());
            }
            stages.extend(said.nth(1).map(str::to_ascii_lowercase));
            continue;
        }
        // What the classic builder knows of `--…` in front of an instruction's arguments.
        let known: &[&str] = match word.as_str() {
            "RUN" => &[],
            "COPY" => &["--from", "--chown"],
            "ADD" => &["--chown"],
            _ => continue,
        };
        for flag in words.clone().take_while(|word| word.starts_with("--")) {
            let (name, value) = flag.split_once('=').unwrap_or((flag, ""));
            wants.buildkit |= !known.contains(&name);
            wants.secrets.extend(if name == "--mount" { secret_of(value) } else { None });
        }
        wants.buildkit |= words.any(is_here_document);
    }
    wants
}

/// `<<EOF`, `<<-EOF`, `<<"EOF"`, alone or after the number of a file.
fn is_here_document(word: &str) -> bool {
    let word = word.trim_start_matches(|c: char| c.is_ascii_digit());
    let Some(name) = word.strip_prefix("<<") else { return false };
    let name = name.trim_start_matches('-').trim_start_matches(['"', '\'']);
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
}

/// The id of a mount that is a secret; without one, its file's name.
fn secret_of(mount: &str) -> Option<String> {
    let parts = || mount.split(',').filter_map(|part| part.split_once('='));
    let one = |wanted: [&str; 3]| parts().find(|(key, _)| wanted.contains(key)).map(|(_, value)| value);
    if one(["type"; 3]) != Some("secret") {
        return None;
    }
    let id = one(["id"; 3]).or_else(|| one(["target", "dst", "destination"])?.rsplit('/').next());
    // Filled in by the builder.
    id.filter(|id| !id.is_empty() && !id.contains('$')).map(ToOwned::to_owned)
}

/// The instructions, each on one line, without comments.
fn instructions(dockerfile: &str) -> Vec<String> {
    let mut all = Vec::new();
    let mut open = String::new();
    for line in dockerfile.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        match line.strip_suffix('\\') {
            Some(part) => {
                open.push_str(part);
                open.push(' ');
            }
            None => {
                open.push_str(line);
                all.push(std::mem::take(&mut open));
            }
        }
    }
    all.push(open);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_begin_with_images_or_with_stages() {
        let text =
            "FROM --platform=linux/amd64 ghcr.io/you/base:1 AS Build\nFROM build\nFROM scratch\nFROM $X\nfrom b as c";
        assert_eq!(wants_of(text).bases, ["ghcr.io/you/base:1", "b"]);
        assert_eq!(wants_of("FROM").bases, Vec::<String>::new());
    }

    #[test]
    fn only_what_the_classic_builder_lacks_asks_for_buildkit() {
        for (dockerfile, buildkit, secrets) in [
            ("FROM a\nRUN make\nCOPY --from=b --chown=1:1 x y\nADD --chown=1 a b", false, ""),
            ("FROM a\nRUN --mount=type=secret,id=NPM_TOKEN npm ci", true, "NPM_TOKEN"),
            ("run \\\n  # why\n  --mount=type=cache,target=/x \\\n  --mount=id=A,type=secret,required make", true, "A"),
            ("RUN --mount=type=secret,target=/run/secrets/key cat /run/secrets/key", true, "key"),
            ("RUN --mount=type=secret,id=$ID,env=A x", true, ""),
            ("COPY --link a b", true, ""),
            ("COPY --chmod=755 a b", true, ""),
            ("RUN <<EOF\nmake\nEOF", true, ""),
            ("COPY <<-'END' /x\nEND", true, ""),
            ("RUN echo $((1<<4)) && cat << x", false, ""),
            ("# RUN --mount=type=secret,id=A x\nRUN make --mount=type=secret,id=A", false, ""),
            ("", false, ""),
            ("RUN \\", false, ""),
        ] {
            let wants = wants_of(dockerfile);
            let said: Vec<&str> = wants.secrets.iter().map(String::as_str).collect();
            assert_eq!((wants.buildkit, said.join(",").as_str()), (buildkit, secrets), "{dockerfile}");
        }
    }
}
