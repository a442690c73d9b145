//! Reads the file: TOML becomes the tree that `app.json` becomes, so that every wrong type has its
//! line and its column here, too.

use std::collections::BTreeMap;

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{FileChoice, ProjectToml};
use crate::{
    build::{
        Mistake, Read, RepoFile,
        fields::{Fields, Place, Source},
        json::{Member, Node, Value},
        position::is_unsafe,
    },
    buildpacks::{Buildpack, MOST_BUILDPACKS},
    name::EnvKey,
};

/// How many variables a build has at most.
const MOST_VARIABLES: usize = 50;
/// How long the value of one may be, in bytes.
const MOST_VALUE_BYTES: usize = 4_096;
/// How many patterns of files there are at most.
const MOST_PATTERNS: usize = 200;

impl ProjectToml {
    /// Reads a file's text; an empty one says nothing.
    ///
    /// # Errors
    /// The first thing that is no TOML, of a wrong type, out of its range, or not to be had here.
    pub fn parse(text: &str) -> Result<Read<Self>, Mistake> {
        let text = RepoFile::ProjectToml.open(text)?;
        let source = Source::new(RepoFile::ProjectToml, text);
        let table = DeTable::parse(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            let what: String = error.message().chars().filter(|c| !is_unsafe(*c)).take(200).collect();
            source.mistake(at, "", format!("this is no TOML: {what}."))
        })?;
        let tree = Node { at: 0, value: object(text, table.get_ref()) };
        let value = read(&Place::top(&source, &tree))?;
        Ok(Read { value, warnings: source.warnings() })
    }
}

/// Nothing nests deeper than the parser lets it, which is less than a hundred.
fn object<'t>(text: &'t str, table: &DeTable<'_>) -> Value<'t> {
    let member = |(key, value): (&Spanned<_>, &Spanned<DeValue<'_>>)| {
        let key: (&std::borrow::Cow<'_, str>, usize) = (key.get_ref(), key.span().start);
        Member { key_at: key.1, key: key.0.clone().into_owned(), value: node(text, value) }
    };
    Value::Object(table.iter().map(member).collect())
}

fn node<'t>(text: &'t str, value: &Spanned<DeValue<'_>>) -> Node<'t> {
    let span = value.span();
    let at = span.start;
    let value = match value.get_ref() {
        DeValue::String(text) => Value::Text(text.clone().into_owned()),
        DeValue::Boolean(flag) => Value::Bool(*flag),
        // As they are written: no field of ours is a number or a date.
        DeValue::Integer(_) | DeValue::Float(_) | DeValue::Datetime(_) => {
            Value::Number(text.get(span).unwrap_or_default())
        }
        DeValue::Array(values) => Value::List(values.iter().map(|value| node(text, value)).collect()),
        DeValue::Table(table) => object(text, table),
    };
    Node { at, value }
}

fn read(top: &Place<'_>) -> Result<ProjectToml, Mistake> {
    let fields = top.fields(&["_", "build", "io", "metadata", "project"])?;
    let version = fields.read("_", |at| at.fields(&["schema-version"])?.read("schema-version", Place::text))?.flatten();
    match (version, fields.find("io"), fields.find("build")) {
        (Some("0.2"), io, _) => io.map_or_else(|| Ok(ProjectToml::default()), newer),
        (None, Some(io), None) => {
            io.warn("without `schema-version = \"0.2\"` in `[_]`, others leave this out; it is read here.");
            newer(io)
        }
        (Some("0.1") | None, _, build) => build.map_or_else(|| Ok(ProjectToml::default()), older),
        (Some(_), ..) => {
            let place = fields.find("_").unwrap_or(top);
            Err(place.wrong("schema-version is \"0.2\", or \"0.1\"; no other is read."))
        }
    }
}

/// `[io.buildpacks]` of version 0.2.
fn newer(io: &Place<'_>) -> Result<ProjectToml, Mistake> {
    let fields = io.fields(&["buildpacks"])?;
    let Some(place) = fields.find("buildpacks") else { return Ok(ProjectToml::default()) };
    let fields = place.fields(&["build", "builder", "env", "exclude", "group", "include", "post", "pre"])?;
    let group = fields.read("group", buildpacks)?.unwrap_or_default();
    let around = |name: &str| {
        let Some(place) = fields.find(name) else { return Ok(Vec::new()) };
        let named = place.fields(&["group"])?.read("group", buildpacks)?.unwrap_or_default();
        if !named.is_empty() && group.is_empty() {
            return Err(place.wrong("this needs a `group`: what the builder would find to fit is not known before."));
        }
        Ok(named)
    };
    let (before, after) = (around("pre")?, around("post")?);
    // An older spelling, which others still read.
    let old = fields.read("env", |at| at.fields(&["build"])?.read("build", env))?.flatten();
    let new = fields.read("build", |at| at.fields(&["env"])?.read("env", env))?.flatten();
    let buildpacks: Vec<Buildpack> = before.into_iter().chain(group).chain(after).collect();
    if buildpacks.len() > MOST_BUILDPACKS {
        return Err(place.wrong(format!("a build has at most {MOST_BUILDPACKS} buildpacks.")));
    }
    Ok(ProjectToml {
        builder: builder(&fields)?,
        buildpacks,
        env: old.into_iter().chain(new).flatten().collect(),
        files: files(&fields)?,
    })
}

/// `[build]` of version 0.1.
fn older(place: &Place<'_>) -> Result<ProjectToml, Mistake> {
    let fields = place.fields(&["builder", "buildpacks", "env", "exclude", "include"])?;
    Ok(ProjectToml {
        builder: builder(&fields)?,
        buildpacks: fields.read("buildpacks", buildpacks)?.unwrap_or_default(),
        env: fields.read("env", env)?.unwrap_or_default(),
        files: files(&fields)?,
    })
}

fn builder(fields: &Fields<'_>) -> Result<Option<crate::name::ImageRef>, Mistake> {
    let named = |at: &Place<'_>| if at.text()?.is_empty() { Ok(None) } else { at.parsed().map(Some) };
    Ok(fields.read("builder", named)?.flatten())
}

fn buildpacks(at: &Place<'_>) -> Result<Vec<Buildpack>, Mistake> {
    at.list(MOST_BUILDPACKS)?.iter().map(buildpack).collect()
}

fn buildpack(place: &Place<'_>) -> Result<Buildpack, Mistake> {
    let fields = place.fields(&["id", "script", "uri", "version"])?;
    if let Some(script) = fields.find("script") {
        return Err(script.wrong("a buildpack that is written here is not run: only those of the builder image are."));
    }
    let (id, uri) = (fields.find("id"), fields.find("uri"));
    let version = fields.read("version", Place::text)?.filter(|version| !version.is_empty());
    match (id, uri) {
        (Some(_), Some(uri)) => Err(uri.wrong("a buildpack has an `id` or a `uri`, not both.")),
        (None, Some(uri)) => uri.parsed(),
        (Some(id), None) => {
            let named = version.map_or_else(|| id.text().map(str::to_owned), |v| Ok(format!("{}@{v}", id.text()?)))?;
            named.parse().map_err(|refused: crate::name::Refused| id.wrong(refused.0))
        }
        (None, None) => Err(place.wrong("a buildpack needs an `id`.")),
    }
}

fn env(at: &Place<'_>) -> Result<BTreeMap<EnvKey, String>, Mistake> {
    let variable = |place: &Place<'_>| {
        let fields = place.fields(&["name", "value"])?;
        let key = fields.read("name", Place::parsed::<EnvKey>)?;
        let key = key.ok_or_else(|| place.wrong("a variable needs a `name`."))?;
        let value = |at: &Place<'_>| {
            let value = at.text()?;
            if value.len() > MOST_VALUE_BYTES || value.contains('\0') {
                return Err(at.wrong(format!("a value has at most {MOST_VALUE_BYTES} bytes, and no zero byte.")));
            }
            Ok(value.to_owned())
        };
        Ok((key, fields.read("value", value)?.unwrap_or_default()))
    };
    at.list(MOST_VARIABLES)?.iter().map(variable).collect()
}

fn files(fields: &Fields<'_>) -> Result<FileChoice, Mistake> {
    let patterns = |at: &Place<'_>| {
        let pattern = |place: Place<'_>| {
            let pattern = place.text()?;
            if pattern.len() > 1_000 || pattern.contains(is_unsafe) {
                return Err(place.wrong("a pattern has at most 1000 bytes, and no control characters."));
            }
            Ok(pattern.to_owned())
        };
        at.list(MOST_PATTERNS)?.into_iter().map(pattern).collect::<Result<Vec<_>, _>>()
    };
    let (include, exclude) = (fields.read("include", patterns)?, fields.read("exclude", patterns)?);
    match (include.filter(|all| !all.is_empty()), exclude.filter(|all| !all.is_empty())) {
        (Some(_), Some(_)) => {
            let place = fields.find("exclude").or(fields.find("include"));
            let mistake = place.map(|place| place.wrong("files are named by `include` or by `exclude`, not by both."));
            mistake.map_or(Ok(FileChoice::All), Err)
        }
        (Some(include), None) => Ok(FileChoice::Include(include)),
        (None, Some(exclude)) => Ok(FileChoice::Exclude(exclude)),
        (None, None) => Ok(FileChoice::All),
    }
}

#[cfg(test)]
mod tests;
