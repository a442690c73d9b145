//! Builds of Dockerfiles, streamed in both directions: by the engine's classic builder, which can be
//! held to an amount of memory, or by BuildKit where the Dockerfile asks for what only that has.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bollard::{models::BuildInfo, query_parameters::BuildImageOptions};
use futures_util::{StreamExt, TryStreamExt};
use homeport_model::{
    app::{BuildArgument, StageName},
    deploy::container::{ImageId, LABEL_APP, LABEL_JOB, LABEL_NAMESPACE, LABEL_RELEASE, Namespace, image_tag},
    id::{AppId, JobId, ReleaseId},
    name::{AppName, EnvKey, RelPath},
    secret::Secret,
};
use tokio::time::{Instant, timeout_at};

use super::{
    Docker, Error, RegistrySignIn, found,
    registries::{all_credentials, is_denied, spell_for_engine},
};
use crate::drivers::system::tar_stream::TarStream;

/// Over which time the processor's share is counted, in microseconds.
const CPU_PERIOD_US: i32 = 100_000;
/// How many lines of output a failure quotes.
const LAST_LINES: usize = 30;

/// What a build may mount as secrets, each by its variable's name.
pub type Secrets = Vec<(EnvKey, Secret<String>)>;

/// A Dockerfile to build.
pub struct BuildRequest {
    /// The files, as they come.
    pub context: TarStream,
    /// The Dockerfile's path in the context.
    pub dockerfile: RelPath,
    /// The app.
    pub app: AppId,
    /// The app's name, for the tag.
    pub app_name: AppName,
    /// The release that the image is for.
    pub release: ReleaseId,
    /// The release's number, for the tag.
    pub release_number: u32,
    /// The job that builds.
    pub job: JobId,
    /// The stage to make the image of; none for the last.
    pub target: Option<StageName>,
    /// Public arguments.
    pub arguments: Vec<BuildArgument>,
    /// Whether layers of earlier builds are left aside.
    pub no_cache: bool,
    /// Build args; whoever has the image can read them.
    pub build_args: Vec<(EnvKey, String)>,
    /// Memory of each step, in bytes; swap counts into it.
    pub memory_bytes: u64,
    /// Processor time of each step, in hundredths of a processor.
    pub cpu_percent: u32,
    /// How long it may take.
    pub limit: Duration,
    /// What the engine may show to the registries of base images.
    pub registries: Vec<RegistrySignIn>,
    /// With some, even none in them, BuildKit builds; it has no limits of memory and processor.
    pub buildkit: Option<Secrets>,
}

impl Docker {
    /// Builds an image and tags it; each line of output goes to `on_line` as it comes. Dropping the
    /// future stops the build and removes its container.
    pub async fn build(&self, mut request: BuildRequest, on_line: impl FnMut(&str) + Send) -> Result<ImageId, Error> {
        match request.buildkit.take() {
            Some(secrets) => self.build_by_kit(request, secrets, on_line).await,
            None => self.build_classically(request, on_line).await,
        }
    }

    async fn build_classically(
        &self,
        request: BuildRequest,
        on_line: impl FnMut(&str) + Send,
    ) -> Result<ImageId, Error> {
        let (memory_bytes, limit) = (request.memory_bytes, request.limit);
        let credentials = all_credentials(&request.registries);
        let tag = request.tag(self.namespace());
        let options = BuildImageOptions {
            dockerfile: request.dockerfile.to_string(),
            t: Some(tag.clone()),
            rm: true,
            forcerm: true,
            labels: Some(request.labels(self.namespace())),
            target: request.target.as_ref().map(ToString::to_string).unwrap_or_default(),
            buildargs: Some(request.arguments()),
            nocache: request.no_cache,
            // Half the weight of what serves, and never all processors.
            cpushares: Some(512),
            cpuperiod: Some(CPU_PERIOD_US),
            cpuquota: i32::try_from(request.cpu_percent).ok().map(|percent| percent * (CPU_PERIOD_US / 100)),
            ..BuildImageOptions::default()
        };
        // The typed option for memory is a 32-bit number, too small for a build of 2 GiB or more.
        let client = self.client().await?.with_timeout(limit).with_request_modifier(move |mut request| {
            let address = format!("{}&memory={memory_bytes}&memswap={memory_bytes}", request.uri());
            if let Ok(address) = address.parse() {
                *request.uri_mut() = address;
            }
            spell_for_engine(&mut request);
            request
        });
        let broken: Arc<Mutex<Option<String>>> = Arc::default();
        let heard = broken.clone();
        let pieces = request.context.into_pieces().inspect_err(move |error| *lock(&heard) = Some(error.to_string()));
        let body = bollard::body_try_stream(pieces);
        let mut output = Output::new(on_line, memory_bytes >> 20);
        let mut steps = client.build_image(options, credentials, Some(body)).boxed();
        let deadline = Instant::now() + limit;
        let mut built = None;
        loop {
            let step = timeout_at(deadline, steps.next()).await;
            let Some(step) = step.map_err(|_| Error::BuildTimedOut { limit_s: limit.as_secs() })? else { break };
            match step.map_err(Error::from) {
                Ok(step) => built = output.take(step)?.or(built),
                // The engine sees only a connection that ends.
                Err(error) => match lock(&broken).take() {
                    Some(reason) => return Err(Error::Context(reason)),
                    None => return Err(output.failure(error)),
                },
            }
        }
        output.line_end();
        if let Some(id) = built {
            return Ok(id);
        }
        let client = self.client().await?;
        let image = found(self.ask(client.inspect_image(&tag)).await)?;
        let id = image.and_then(|image| image.id).and_then(|id| id.parse().ok());
        id.ok_or_else(|| output.failed("it made no image".into()))
    }
}

impl BuildRequest {
    fn tag(&self, namespace: &Namespace) -> String {
        image_tag(namespace, &self.app_name, self.release_number)
    }

    fn labels(&self, namespace: &Namespace) -> HashMap<String, String> {
        let labels = [
            (LABEL_NAMESPACE, namespace.as_str()),
            (LABEL_APP, self.app.as_str()),
            (LABEL_RELEASE, self.release.as_str()),
            (LABEL_JOB, self.job.as_str()),
        ];
        labels.map(|(key, value)| (key.to_owned(), value.to_owned())).into()
    }

    /// What `ARG`s get; a variable of the environment wins over an argument of the same name.
    fn arguments(&self) -> HashMap<String, String> {
        let public = self.arguments.iter().map(|argument| (argument.key.to_string(), argument.value.clone()));
        public.chain(self.build_args.iter().map(|(key, value)| (key.to_string(), value.clone()))).collect()
    }

    /// The same as the query of a build by BuildKit, in the session of that name.
    pub(super) fn kit_query(&self, namespace: &Namespace, session: &str) -> String {
        let json = |map: HashMap<String, String>| serde_json::to_string(&map).unwrap_or_default();
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query
            .append_pair("version", "2")
            .append_pair("session", session)
            .append_pair("dockerfile", self.dockerfile.as_str())
            .append_pair("t", &self.tag(namespace))
            .append_pair("labels", &json(self.labels(namespace)))
            .append_pair("buildargs", &json(self.arguments()));
        if let Some(stage) = &self.target {
            query.append_pair("target", stage.as_str());
        }
        if self.no_cache {
            query.append_pair("nocache", "1");
        }
        query.finish()
    }
}

/// A value that is only ever replaced as a whole is good even if its holder panicked.
pub(super) fn lock<T>(value: &Mutex<T>) -> MutexGuard<'_, T> {
    value.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Joins pieces of output to lines and remembers the last ones.
pub(super) struct Output<F> {
    on_line: F,
    open: String,
    last: Vec<String>,
    memory_mib: u64,
}

impl<F: FnMut(&str)> Output<F> {
    /// With 0, no memory limit is in force, and none can be used up.
    pub(super) fn new(on_line: F, memory_mib: u64) -> Self {
        Self { on_line, open: String::new(), last: Vec::new(), memory_mib }
    }

    /// Takes one message; the image's id where the message has it.
    fn take(&mut self, step: BuildInfo) -> Result<Option<ImageId>, Error> {
        if let Some(message) = step.error_detail.and_then(|detail| detail.message) {
            return Err(self.failed(message));
        }
        self.text(step.stream.as_deref().unwrap_or_default());
        // Pulling the base image reports states, not output.
        if let Some(status) = step.status.filter(|_| step.progress_detail.is_none()) {
            self.open.push_str(&status);
            self.line_end();
        }
        Ok(step.aux.and_then(|image| image.id).and_then(|id| id.parse().ok()))
    }

    /// Takes the next piece of what was said.
    pub(super) fn text(&mut self, text: &str) {
        for piece in text.split_inclusive(['\n', '\r']) {
            self.open.push_str(piece.trim_end_matches(['\n', '\r']));
            if piece.ends_with(['\n', '\r']) || self.open.len() > super::MAX_LINE_BYTES {
                self.line_end();
            }
        }
    }

    pub(super) fn line_end(&mut self) {
        let line = std::mem::take(&mut self.open);
        if line.trim().is_empty() {
            return;
        }
        (self.on_line)(&line);
        if self.last.len() == LAST_LINES {
            self.last.remove(0);
        }
        self.last.push(line);
    }

    pub(super) fn failure(&mut self, error: Error) -> Error {
        match error {
            Error::Engine { message, .. } => self.failed(message),
            other => other,
        }
    }

    pub(super) fn failed(&mut self, message: String) -> Error {
        self.line_end();
        let message = message.trim_start_matches("Docker stream error: ").to_owned();
        if message.contains("no space left on device") {
            return Error::DiskFull;
        }
        if is_denied(&message) && self.last.last().is_some_and(|line| line.contains(" : FROM ")) {
            return Error::BaseDenied { message };
        }
        let killed = |line: &String| line.trim_end().ends_with("Killed") || line.contains("signal: 9");
        let out_of_memory =
            self.memory_mib > 0 && (message.ends_with("returned a non-zero code: 137") || self.last.iter().any(killed));
        let last_lines = std::mem::take(&mut self.last);
        Error::Build { message, last_lines, out_of_memory, memory_mib: self.memory_mib }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> BuildInfo {
        BuildInfo { stream: Some(text.into()), ..BuildInfo::default() }
    }

    #[test]
    fn pieces_become_lines() {
        let mut lines = Vec::new();
        let mut output = Output::new(|line: &str| lines.push(line.to_owned()), 64);
        for text in ["Step 1/2 : FROM x\n", " ---> 01", "23\n\n", "\u{1b}[91mwarn"] {
            output.take(said(text)).expect("no failure");
        }
        output.line_end();
        assert_eq!(lines, ["Step 1/2 : FROM x", " ---> 0123", "\u{1b}[91mwarn"]);
    }

    #[test]
    fn a_killed_step_is_out_of_memory() {
        let mut output = Output::new(|_: &str| {}, 64);
        let error = output.failed("The command '/bin/sh -c make' returned a non-zero code: 137".into());
        assert!(matches!(error, Error::Build { out_of_memory: true, .. }));
        let error = output.failed("The command '/bin/sh -c make' returned a non-zero code: 2".into());
        assert!(matches!(error, Error::Build { out_of_memory: false, .. }));
    }
}
