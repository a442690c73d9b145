//! What each kept generation said when it was written, beside what its files say now: a change by hand
//! is found however long the panel was away, and is never written over. A generation's text lies in
//! one file of its own, which nginx never reads.

use std::{io, sync::PoisonError, time::UNIX_EPOCH};

use homeport_model::{domain::vhost::RenderedFile, time::Timestamp};

use super::{Drift, Error, Nginx, layout};
use crate::drivers::system::fsroot::{FileMark, FsRoot};

/// The folder of the texts as written, below the prefix.
pub(super) const WRITTEN: &str = "written";
/// More than any configuration has.
const MOST_BYTES: u64 = 64 << 20;

/// A generation's files, and last its text as written; `None` for what is gone.
type Marks = Vec<(String, Option<FileMark>)>;

/// A generation's files when they were last compared, and which were not as written.
#[derive(Debug)]
pub(super) struct Looked {
    number: u64,
    marks: Marks,
    edited: Vec<String>,
}

/// Names and texts of files.
pub type Files = Vec<(String, String)>;

fn path(number: u64) -> String {
    format!("{WRITTEN}/{number}.json")
}

/// Remembers what a generation says.
pub(super) fn remember(root: &FsRoot, number: u64, files: &[RenderedFile]) -> Result<(), Error> {
    let files: Vec<(&str, &str)> = files.iter().map(|file| (file.name.as_str(), file.text.as_str())).collect();
    // Two strings a file always serialise.
    let text = serde_json::to_string(&files).unwrap_or_default();
    root.write(path(number), text.as_bytes(), 0o600).map_err(Error::Files)
}

/// Forgets those whose generation is gone.
pub(super) fn forget_others(root: &FsRoot, kept: &[u64]) -> Result<(), Error> {
    for name in root.names(WRITTEN).map_err(Error::Files)? {
        let number = name.strip_suffix(".json").and_then(|number| number.parse::<u64>().ok());
        if number.is_none_or(|number| !kept.contains(&number)) {
            root.remove_file(format!("{WRITTEN}/{name}")).map_err(Error::Files)?;
        }
    }
    Ok(())
}

impl Nginx {
    /// The generations that are kept, newest first, each with the moment it was written where that is
    /// known.
    pub fn history(&self) -> Result<Vec<(u64, Option<Timestamp>)>, Error> {
        let mut numbers = layout::numbers(&self.root)?;
        numbers.reverse();
        Ok(numbers.into_iter().map(|number| (number, self.written_at(number))).collect())
    }

    fn written_at(&self, number: u64) -> Option<Timestamp> {
        let modified = self.root.reader(path(number)).ok()?.metadata().ok()?.modified().ok()?;
        let since = modified.duration_since(UNIX_EPOCH).ok()?;
        i64::try_from(since.as_millis()).ok().map(Timestamp::from_ms)
    }

    /// What a generation said when it was written; `None` where that is not known.
    #[must_use]
    pub fn written(&self, number: u64) -> Option<Files> {
        let bytes = self.root.read(path(number), MOST_BYTES).ok()?;
        serde_json::from_slice(&bytes).ok()
    }

    /// What a generation's files say now.
    pub fn found(&self, number: u64) -> Result<Files, Error> {
        let folder = match self.root.sub(layout::folder(number)) {
            Ok(folder) => folder,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(Error::Files(error)),
        };
        let names = folder.names(".").map_err(Error::Files)?;
        let read = |name: String| Ok((name.clone(), folder.read_text(&name, MOST_BYTES).map_err(Error::Files)?));
        names.into_iter().map(read).collect()
    }

    /// The files of a generation that are not as they were written.
    pub fn edited(&self, number: u64) -> Result<Vec<Drift>, Error> {
        let Some(written) = self.written(number) else { return Ok(Vec::new()) };
        let found = self.found(number)?;
        let mut edits = Vec::new();
        for (file, text) in &written {
            let now = found.iter().find(|(name, _)| name == file).map(|(_, text)| text);
            if now != Some(text) {
                edits.push(Drift { file: file.clone(), found: now.cloned() });
            }
        }
        let is_new = |name: &str| !written.iter().any(|(file, _)| file == name);
        let new = found.into_iter().filter(|(name, _)| is_new(name));
        edits.extend(new.map(|(file, text)| Drift { file, found: Some(text) }));
        Ok(edits)
    }

    /// The names of those files. They are read only when one of them is another than at the last look.
    pub fn edited_names(&self, number: u64) -> Result<Vec<String>, Error> {
        let marks = self.marks(number).map_err(Error::Files)?;
        let looked = self.looked.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(looked) = looked.as_ref().filter(|looked| looked.number == number && looked.marks == marks) {
            return Ok(looked.edited.clone());
        }
        drop(looked);
        let edited: Vec<String> = self.edited(number)?.into_iter().map(|edit| edit.file).collect();
        let looked = Looked { number, marks, edited: edited.clone() };
        *self.looked.write().unwrap_or_else(PoisonError::into_inner) = Some(looked);
        Ok(edited)
    }

    fn marks(&self, number: u64) -> io::Result<Marks> {
        let folder = match self.root.sub(layout::folder(number)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Marks::new()),
            folder => folder?,
        };
        let of_file = |name: String| folder.mark(&name).map(|mark| (name, mark));
        let mut marks = folder.names(".")?.into_iter().map(of_file).collect::<io::Result<Marks>>()?;
        marks.push((path(number), self.root.mark(path(number))?));
        Ok(marks)
    }

    /// Remembers which current files were changed by hand; whether that is news.
    pub fn note_edits(&self, files: &[String]) -> bool {
        let mut known = self.edits.write().unwrap_or_else(PoisonError::into_inner);
        let news = *known != files;
        if news {
            *known = files.to_vec();
        }
        news
    }

    /// Those that were found when it was last looked.
    #[must_use]
    pub fn noted_edits(&self) -> Vec<String> {
        self.edits.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
