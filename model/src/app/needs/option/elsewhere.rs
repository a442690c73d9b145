//! Options that have another place, or none, and why.

use crate::name::Refused;

/// Why an option cannot be had here; `None` for one that nobody knows.
pub(super) fn refusal(name: &str) -> Option<Refused> {
    let why = match name {
        "--privileged" => {
            "A privileged container owns the server. Name the capabilities and devices that the app needs instead."
        }
        "--network" | "--net" | "--network-alias" | "--ip" | "--ip6" | "--mac-address" | "--link" => {
            "Homeport chooses the network: on the host's own one, an app would reach what listens only inside. Publish ports instead."
        }
        "--pid" | "--ipc" | "--uts" | "--userns" | "--cgroupns" => {
            "An app does not share the server's or another container's processes or memory; use --shm-size for shared memory of its own."
        }
        "--security-opt" => "The protection of containers cannot be loosened.",
        "--volumes-from" => "An app does not take over another container's volumes; mount a volume by its name.",
        "--cgroup-parent"
        | "--runtime"
        | "--isolation"
        | "--device-cgroup-rule"
        | "--storage-opt"
        | "--cidfile"
        | "--group-add" => "This option reaches past the container and cannot be had.",
        "--gpus" => "Graphics processors are given by their devices, as in --device=/dev/dri.",
        "--volume" | "--mount" | "--volume-driver" => "Mounts have their own form above.",
        "--publish" | "--publish-all" | "--expose" => "Published ports have their own form above.",
        "--env" | "--env-file" => "Variables are set on the Environment page.",
        "--memory" | "--memory-swap" | "--cpus" | "--cpu-shares" | "--cpuset-cpus" | "--pids-limit"
        | "--oom-kill-disable" => "Limits of memory, processor and processes are settings of their own.",
        "--restart" | "--stop-signal" | "--stop-timeout" | "--entrypoint" | "--name" | "--rm" | "--detach"
        | "--label" | "--platform" => "Homeport starts, names and stops containers itself.",
        "--log-driver" | "--log-opt" => "Homeport keeps the logs itself.",
        "--build-arg" => "Build arguments belong to the build.",
        name if name.starts_with("--health") || name == "--no-healthcheck" => {
            "Health checks are settings of their own."
        }
        _ => return None,
    };
    Some(Refused(why))
}

/// Why an option of one letter, or none at all, cannot be had here.
pub(super) fn short(name: &str) -> Refused {
    let long = match name {
        "-v" => "--volume",
        "-p" | "-P" => "--publish",
        "-e" => "--env",
        "-m" => "--memory",
        "-c" => "--cpus",
        "-l" => "--label",
        "-d" => "--detach",
        _ => return Refused("An option begins with two dashes, as in --cap-add=NET_ADMIN."),
    };
    refusal(long).unwrap_or(Refused("An option begins with two dashes, as in --cap-add=NET_ADMIN."))
}
