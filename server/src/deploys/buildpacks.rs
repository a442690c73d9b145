//! Builds by Cloud Native Buildpacks: the lifecycle's `creator` in a container of the builder image,
//! with no more rights than any other container, as the builder's own user and without a single
//! capability. The files go in and the image comes out through the engine's archive calls; the
//! container never sees the engine's socket, nor a registry.

use std::{collections::BTreeMap, time::Duration};

use homeport_model::{
    app::{DockerOption, build::USUAL_MINUTES},
    build::{RestartPolicy, StopGrace, StopSignal},
    buildpacks::{
        self, BuilderImage, Launch, USUAL_BUILDER, launch,
        layout::{self, BUILT, FOLDER},
    },
    deploy::{
        Declared,
        container::{
            BoundMount, ContainerId, ContainerSpec, Grants, ImageId, LABEL_APP, LABEL_JOB, LABEL_NAMESPACE,
            LABEL_RELEASE, Limits, MountSource, ProcessName, image_tag,
        },
    },
    job::LogStream,
    name::{EnvKey, ImageRef, Port, RelPath},
    prelude::{Code, Problem},
    secret::Secret,
};
use sha2::{Digest, Sha256};
use tokio::time::Instant;

use super::{
    sources::pinned,
    store,
    work::{Deploy, DeployWork},
};
use crate::{
    drivers::{
        docker::{self, Export, ImageFacts},
        git::Files,
        system::tar_stream::{TarStream, TarWriter},
    },
    failure::Failure,
    host,
};

/// What a build's container is called among those of its release.
pub(super) const PROCESS: &str = "build";
/// Processes and threads of a build: compilers start many.
const MOST_PROCESSES: u32 = 4_096;
/// Folders that the lifecycle works in.
const FOLDERS: [&str; 6] = ["workspace", "layers", "platform", "platform/env", "cache", "homeport"];

/// What goes into the container.
struct Inside {
    files: Files,
    builder: BuilderImage,
    run_image: ImageFacts,
    /// Variables of the build, secrets among them.
    env: BTreeMap<EnvKey, Secret<String>>,
    /// Which buildpacks, where somebody named some.
    order: Option<String>,
}

impl DeployWork {
    /// Builds the image; one build at a time.
    pub(super) async fn build_by_buildpacks(&self, deploy: &Deploy<'_>, folder: &RelPath) -> Result<String, Failure> {
        let (log, release, docker) = (&deploy.context.log, &deploy.release, &self.engines.docker);
        let sha = pinned(deploy)?;
        let _turn = self.turn(deploy).await?;
        let settings = &release.spec.build;
        let share = host::share_for_a_build(settings.memory_mib, self.apps.parts.domains.sites().path())?;
        let minutes = settings.minutes.unwrap_or(USUAL_MINUTES);
        let limit = Duration::from_secs(u64::from(minutes) * 60);
        let by = Instant::now() + limit;
        // What a person set in the app's settings counts before what the files say.
        let project = release.declared.project.clone().unwrap_or_default();
        let name = match settings.builder.as_ref().or(project.builder.as_ref()) {
            Some(named) => named.clone(),
            None => USUAL_BUILDER.parse().map_err(|_| Failure::internal("no builder"))?,
        };
        let image = self.ensure_image(deploy, &name).await?;
        let builder = BuilderImage::read(&name, &image.labels, &image.env)?;
        let run_image = self.ensure_image(deploy, &builder.run_image).await?;
        let named = if settings.buildpacks.is_empty() { &project.buildpacks } else { &settings.buildpacks };
        let order = match named.as_slice() {
            [] => None,
            wanted => Some(buildpacks::order(wanted, &builder)?),
        };
        log.say(format!(
            "Building with {name} as user {}, with at most {} MiB of memory, {}.{} processors and {minutes} minutes.",
            builder.user,
            share.memory_bytes >> 20,
            share.cpu_percent / 100,
            share.cpu_percent / 10 % 10,
        ));
        if deploy.no_cache || settings.no_cache {
            log.say("Nothing of earlier builds is used.");
            // The container of a try that the panel did not survive holds the cache.
            for left in self.containers_of(release).await? {
                docker.remove(&left).await?;
            }
            docker.remove_cache(&release.app).await?;
        }
        let env = self.apps.build_env(&release.app).await?;
        let public = settings.arguments.iter().map(|argument| (argument.key.clone(), argument.value.clone()));
        let open = project.env.into_iter().chain(public).chain(env.args).map(|(key, value)| (key, Secret::new(value)));
        let inside = Inside {
            files: self.git_of(deploy).all_files(&release.app, sha, folder, project.files.takes()).await?,
            // Of two values the later one counts.
            env: open.chain(env.secrets).collect(),
            builder,
            run_image,
            order,
        };
        docker.ensure_network().await?;
        let limits = Limits {
            memory_bytes: share.memory_bytes,
            cpu_millis: Some(share.cpu_percent.saturating_mul(10)),
            pids: MOST_PROCESSES,
        };
        let cache = docker.ensure_cache(&release.app).await?;
        let spec = spec(deploy, image.id, &inside, cache, limits)?;
        let container = docker.make_once(&spec).await?;
        let (run_image, below) = (inside.run_image.id.clone(), inside.run_image.as_run_image.diff_ids.clone());
        self.put(&container, inside, by).await?;
        self.create(deploy, &container, limit, by, share.memory_bytes).await?;
        let tag = image_tag(docker.namespace(), &deploy.app.spec.name, release.number);
        let labels = [
            (LABEL_NAMESPACE, docker.namespace().as_str()),
            (LABEL_APP, release.app.as_str()),
            (LABEL_RELEASE, release.id.as_str()),
            (LABEL_JOB, release.job.as_str()),
        ];
        let labels = labels.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
        let export = Export { container: &container, run_image: &run_image, below: &below, tag: &tag, labels, by };
        let id = docker.take_layout(export).await?;
        docker.remove(&container).await?;
        self.keep_built(deploy, &id).await
    }

    /// Writes down the image, and which processes it names.
    async fn keep_built(&self, deploy: &Deploy<'_>, id: &ImageId) -> Result<String, Failure> {
        let (log, docker) = (&deploy.context.log, &self.engines.docker);
        let gone = || Failure::internal("the image is gone right after its build");
        let facts = docker.image_facts(id.as_str()).await?.ok_or_else(gone)?;
        let found = Launch::read(facts.labels.get(launch::METADATA).map_or("", String::as_str));
        let names: Vec<&str> = found.processes.iter().map(ProcessName::as_str).collect();
        match (names.as_slice(), &deploy.release.declared.procfile) {
            ([], _) => log.say("The buildpacks name no process; the image's own command is web."),
            (names, None) => log.say(format!("The buildpacks name the processes {}.", names.join(", "))),
            (names, Some(_)) => {
                log.say(format!("The buildpacks name the processes {}; the Procfile's count.", names.join(", ")));
            }
        }
        let declared = Declared { launch: Some(found), ..deploy.release.declared.clone() };
        store::set_declared(&self.apps.parts.db, &deploy.release.id, &declared).await?;
        let image = docker.inspect_image(id).await?.ok_or_else(gone)?;
        self.set_image(deploy, &image).await?;
        Ok(format!("image of {} MB", image.size_bytes / 1_000_000))
    }

    /// The image of this name, pulled if the engine does not have it.
    async fn ensure_image(&self, deploy: &Deploy<'_>, name: &ImageRef) -> Result<ImageFacts, Failure> {
        let (log, docker) = (&deploy.context.log, &self.engines.docker);
        if let Some(facts) = docker.image_facts(name.as_str()).await? {
            return Ok(facts);
        }
        log.say(format!("Pulling {name}."));
        let sign_in = self.engines.registries.of(name).await?;
        docker.pull(name, sign_in.as_ref(), |line| log.line(LogStream::Build, &line)).await?;
        let facts = docker.image_facts(name.as_str()).await?;
        facts.ok_or_else(|| Failure::internal("an image is gone right after its pull"))
    }

    /// Puts the files, the environment and the run image's layout into the container.
    async fn put(&self, container: &ContainerId, mut inside: Inside, by: Instant) -> Result<(), Failure> {
        let (mut writer, archive) = TarStream::pair();
        let feed = async {
            let wrote = write(&mut inside, &mut writer).await;
            match wrote {
                Ok(()) => writer.finish().await.map_err(Failure::internal),
                Err(failure) => {
                    writer.fail("the files could not be read").await;
                    Err(failure)
                }
            }
        };
        let (fed, put) = tokio::join!(feed, self.engines.docker.put_files(container, archive, by));
        match (fed, put) {
            (Ok(()), put) => Ok(put?),
            // The engine sees only an archive that breaks off, unless it went away itself.
            (Err(_), Err(error)) if error.is_away() => Err(error.into()),
            (Err(failure), _) => Err(failure),
        }
    }

    /// Runs the lifecycle to its end.
    async fn create(
        &self,
        deploy: &Deploy<'_>,
        container: &ContainerId,
        limit: Duration,
        by: Instant,
        memory_bytes: u64,
    ) -> Result<(), Failure> {
        let log = &deploy.context.log;
        let mut last = Vec::new();
        let on_line = |line: docker::LogLine| {
            if last.len() == 30 {
                last.remove(0);
            }
            last.push(line.text.clone());
            log.line(LogStream::Build, &line.text);
        };
        let left = by.saturating_duration_since(Instant::now());
        let ended = self.engines.docker.run_made(container.clone(), left, on_line).await?;
        let memory_mib = memory_bytes >> 20;
        let failed = |message: String, out_of_memory| docker::Error::Build {
            message,
            last_lines: last.clone(),
            out_of_memory,
            memory_mib,
        };
        match ended.exit_code {
            Some(0) => Ok(()),
            None => Err(docker::Error::BuildTimedOut { limit_s: limit.as_secs() }.into()),
            Some(_) if ended.oom_killed => Err(failed("it was killed".to_owned(), true).into()),
            // platform.md, "creator": 20 for a detection without a group that fits, 21 for one with errors.
            Some(code @ (20 | 21)) => Err(no_group_fits(code)),
            Some(code) => Err(failed(format!("the lifecycle ended with code {code}"), false).into()),
        }
    }
}

fn no_group_fits(code: i64) -> Failure {
    Problem::new(Code::Invalid, format!("No buildpack of the builder fits these files (code {code})."))
        .hint("Name buildpacks or another builder in the app's settings, or add a Dockerfile.")
        .into()
}

fn spec(
    deploy: &Deploy<'_>,
    image: ImageId,
    inside: &Inside,
    cache: String,
    limits: Limits,
) -> Result<ContainerSpec, Failure> {
    let (release, builder) = (&deploy.release, &inside.builder);
    let internal = |_| Failure::internal("a name of a build is none");
    let env = [
        ("CNB_PLATFORM_API", builder.platform_api),
        ("CNB_USE_LAYOUT", "true"),
        ("CNB_LAYOUT_DIR", FOLDER),
        ("CNB_EXPERIMENTAL_MODE", "quiet"),
        ("CNB_NO_COLOR", "true"),
    ];
    let env = env.into_iter().map(|(key, value)| Ok((key.parse()?, Secret::new(value.to_owned()))));
    let fixed = ["-app", "/workspace", "-layers", "/layers", "-platform", "/platform", "-cache-dir", "/cache"];
    let mut command: Vec<String> = fixed.map(str::to_owned).into();
    command.extend(["-run-image".to_owned(), builder.run_image.to_string()]);
    if inside.order.is_some() {
        command.extend(["-order", "/homeport/order.toml"].map(str::to_owned));
    }
    command.push(BUILT.to_owned());
    Ok(ContainerSpec {
        app: release.app.clone(),
        app_name: deploy.app.spec.name.clone(),
        release: release.id.clone(),
        release_number: release.number,
        process: PROCESS.parse().map_err(internal)?,
        index: 1,
        job: release.job.clone(),
        image,
        env: env.collect::<Result<_, _>>().map_err(internal)?,
        port: Port::try_from(homeport_model::app::DEFAULT_PORT).map_err(internal)?,
        entrypoint: Some("/cnb/lifecycle/creator".to_owned()),
        command: Some(command),
        user: Some((builder.user, builder.group)),
        limits,
        grants: Grants {
            mounts: vec![BoundMount {
                from: MountSource::Volume { name: cache, is_filled: false },
                to: "/cache".parse().map_err(internal)?,
                read_only: false,
            }],
            published: Vec::new(),
            options: vec![DockerOption::CapDrop(None)],
        },
        restart: RestartPolicy::No,
        stop_signal: StopSignal::default(),
        stop_grace: StopGrace::default(),
    })
}

/// Writes all that goes into the container, the build's own user its owner.
async fn write(inside: &mut Inside, writer: &mut TarWriter) -> Result<(), Failure> {
    let failed = Failure::internal;
    writer.owned_by(inside.builder.user, inside.builder.group);
    for folder in FOLDERS {
        writer.folder(folder).await.map_err(failed)?;
    }
    for (key, value) in &inside.env {
        writer.whole_file(&format!("platform/env/{key}"), value.expose().as_bytes()).await.map_err(failed)?;
    }
    if let Some(order) = &inside.order {
        writer.whole_file("homeport/order.toml", order.as_bytes()).await.map_err(failed)?;
    }
    let top = FOLDER.trim_start_matches('/');
    let run_image = format!("{top}/{}", layout::folder_of(&inside.builder.run_image));
    let sum = |bytes: &[u8]| layout::hex(&Sha256::digest(bytes));
    for folder in ancestors(&format!("{run_image}/blobs/sha256")) {
        writer.folder(folder).await.map_err(failed)?;
    }
    for (path, content) in layout::sparse(&inside.run_image.as_run_image, sum) {
        writer.whole_file(&format!("{run_image}/{path}"), &content).await.map_err(failed)?;
    }
    writer.go_below("workspace");
    for folder in inside.files.folders() {
        writer.folder(&folder).await.map_err(failed)?;
    }
    inside.files.pack(writer).await?;
    writer.go_below("");
    Ok(())
}

/// A path's folders, the upper ones first, and the path itself.
fn ancestors(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(|(at, _)| &path[..at]).chain([path])
}
