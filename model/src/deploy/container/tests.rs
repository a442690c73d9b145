use super::*;

fn namespace() -> Namespace {
    "homeport".parse().expect("a namespace")
}

fn spec() -> ContainerSpec {
    ContainerSpec {
        app: AppId::new(1, 1),
        app_name: "shop".parse().expect("a name"),
        release: ReleaseId::new(2, 2),
        release_number: 7,
        process: ProcessName::web(),
        index: 1,
        job: JobId::new(3, 3),
        image: format!("sha256:{}", "0".repeat(64)).parse().expect("an id"),
        env: vec![
            ("PORT".parse().expect("a key"), Secret::new("1".into())),
            ("MOTTO".parse().expect("a key"), Secret::new("a=b 'c'\n$d".into())),
        ],
        port: Port::try_from(5000).expect("a port"),
        entrypoint: None,
        user: None,
        command: None,
        limits: Limits::default(),
        grants: Grants::default(),
        restart: RestartPolicy::UnlessStopped,
        stop_signal: StopSignal::Term,
        stop_grace: StopGrace::default(),
    }
}

fn granted() -> Granted {
    Granted {
        network: "homeport-homeport".into(),
        security_opt: vec!["no-new-privileges".into()],
        init: true,
        memory_bytes: 1,
        pids: 1,
        log_driver: "json-file".into(),
        log_max_size: "10m".into(),
        ..Granted::default()
    }
}

#[test]
fn a_container_is_named_by_app_release_and_process() {
    assert_eq!(spec().name(&namespace()), "homeport-shop-r7-web-1");
    let labels = spec().labels(&namespace());
    assert_eq!(
        labels.keys().collect::<Vec<_>>(),
        [LABEL_APP, LABEL_JOB, LABEL_NAMESPACE, LABEL_PROCESS, LABEL_RELEASE]
    );
}

#[test]
fn values_arrive_as_they_are_and_the_port_is_ours() {
    assert_eq!(spec().env_lines(), ["MOTTO=a=b 'c'\n$d", "PORT=5000"]);
}

#[test]
fn a_hardened_container_passes() {
    assert_eq!(check(&granted(), &Allowed::of(&Grants::default()), &namespace()), Ok(()));
}

#[test]
fn each_way_out_is_refused() {
    let one = || vec!["x".to_owned()];
    type Mutation = fn(&mut Granted, Vec<String>);
    let mutations: Vec<(&str, Mutation)> = vec![
        ("privileged", |g, _| g.privileged = true),
        ("cap_add", |g, x| g.cap_add = x),
        ("binds", |g, x| g.binds = x),
        ("devices", |g, x| g.devices = x),
        ("ports", |g, x| g.published_ports = x),
        ("publish all", |g, _| g.publish_all = true),
        ("network", |g, _| g.network = "host".into()),
        ("foreign network", |g, _| g.network = "homeport-other".into()),
        ("shared", |g, x| g.shared = x),
        ("sysctls", |g, x| g.sysctls = x),
        ("seccomp off", |g, _| g.security_opt.push("seccomp=unconfined".into())),
        ("new privileges", |g, _| g.security_opt.clear()),
        ("no init", |g, _| g.init = false),
        ("no memory limit", |g, _| g.memory_bytes = 0),
        ("no pids limit", |g, _| g.pids = 0),
        ("log driver", |g, _| g.log_driver = "syslog".into()),
        ("log size", |g, _| g.log_max_size.clear()),
        ("volumes from", |g, x| g.volumes_from = x),
        ("runtime", |g, x| g.foreign_runtime = x),
        ("tmpfs", |g, x| g.tmpfs = x),
        ("ulimits", |g, x| g.ulimits = x),
        ("extra hosts", |g, x| g.extra_hosts = x),
        ("dns", |g, x| g.dns = x),
        ("shared memory", |g, _| g.shm_bytes = (64 << 20) + 1),
    ];
    for (name, mutate) in mutations {
        let mut granted = granted();
        mutate(&mut granted, one());
        assert!(check(&granted, &Allowed::of(&Grants::default()), &namespace()).is_err(), "{name}");
    }
}

#[test]
fn ids_never_carry_a_path() {
    for text in ["", "../../images/json", "0123456789a", "0123456789abX", "0123456789ab/exec", "0123456789ab?x"] {
        assert!(text.parse::<ContainerId>().is_err(), "{text}");
    }
    assert!("0123456789ab".parse::<ContainerId>().is_ok());
    assert!("sha256:../x".parse::<ImageId>().is_err());
}

#[test]
fn a_namespace_is_a_plain_word() {
    for text in ["", "A", "a b", "-a", "a-", "1a", "a_b", "a/b", &"a".repeat(25)] {
        assert!(text.parse::<Namespace>().is_err(), "{text}");
    }
}

fn vpn() -> Grants {
    let needs = crate::app::HostNeeds {
        mounts: vec![
            crate::app::Mount {
                from: crate::app::Storage::Folder { path: "/lib/modules".parse().expect("a path") },
                to: "/lib/modules".parse().expect("a path"),
                read_only: true,
                process: None,
                owner: crate::app::Owner::Image,
            },
            crate::app::Mount {
                from: crate::app::Storage::Volume { name: "data".parse().expect("a name") },
                to: "/data".parse().expect("a path"),
                read_only: false,
                process: Some(ProcessName::web()),
                owner: crate::app::Owner::Image,
            },
        ],
        published: vec!["51820/udp".parse().expect("a port")],
        options: [
            "--cap-add=NET_ADMIN",
            "--sysctl=net.a=1",
            "--device=/dev/net/tun",
            "--read-only",
            "--cap-drop=MKNOD",
        ]
        .map(|option| option.parse().expect("an option"))
        .into(),
        ports: Vec::new(),
    };
    let as_it_is = |_: &crate::app::Mount, path: &crate::app::HostFolder| Ok::<_, ()>(path.clone());
    let other = Grants::of(&needs, &"worker".parse().expect("a process"), &namespace(), &spec().app_name, as_it_is);
    let other = other.expect("granted");
    assert_eq!((other.mounts.len(), other.published.len()), (1, 0));
    Grants::of(&needs, &ProcessName::web(), &namespace(), &spec().app_name, as_it_is).expect("granted")
}

fn granted_to_vpn() -> Granted {
    let list = |text: &str| vec![text.to_owned()];
    Granted {
        cap_add: list("NET_ADMIN"),
        cap_drop: list("MKNOD"),
        binds: vec!["/lib/modules:/lib/modules:ro".into(), "homeport-shop.data:/data:rw".into()],
        devices: list("/dev/net/tun:/dev/net/tun:rwm"),
        published_ports: list(":51820:51820/udp"),
        sysctls: list("net.a=1"),
        read_only_root: true,
        ..granted()
    }
}

#[test]
fn what_was_asked_for_is_granted_and_nothing_beyond_it() {
    let allowed = Allowed::of(&vpn());
    assert_eq!(check(&granted_to_vpn(), &allowed, &namespace()), Ok(()));
    assert!(check(&granted_to_vpn(), &Allowed::of(&Grants::default()), &namespace()).is_err());
    let without_ports = Allowed::of(&vpn().without_ports());
    assert!(check(&granted_to_vpn(), &without_ports, &namespace()).is_err());
    type Plant = fn(&mut Granted);
    let faults: Vec<(&str, Plant)> = vec![
        ("another capability", |g| g.cap_add.push("SYS_ADMIN".into())),
        ("a mount that may be written", |g| g.binds[0] = "/lib/modules:/lib/modules:rw".into()),
        ("a mount elsewhere", |g| g.binds[1] = "homeport-shop.data:/etc:rw".into()),
        ("another volume", |g| g.binds[1] = "homeport-blog.data:/data:rw".into()),
        ("another device", |g| g.devices[0] = "/dev/sda:/dev/net/tun:rwm".into()),
        ("another port", |g| g.published_ports[0] = ":22:51820/udp".into()),
        ("another protocol", |g| g.published_ports[0] = ":51820:51820/tcp".into()),
        ("another value", |g| g.sysctls[0] = "net.a=2".into()),
        ("files that can be changed", |g| g.read_only_root = false),
        ("a capability kept", |g| g.cap_drop.clear()),
        ("full privileges", |g| g.privileged = true),
        ("no init", |g| g.init = false),
    ];
    for (name, plant) in faults {
        let mut granted = granted_to_vpn();
        plant(&mut granted);
        assert!(check(&granted, &allowed, &namespace()).is_err(), "{name}");
    }
}
