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
        command: None,
        limits: Limits::default(),
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
    assert_eq!(check(&granted(), &namespace()), Ok(()));
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
    ];
    for (name, mutate) in mutations {
        let mut granted = granted();
        mutate(&mut granted, one());
        assert!(check(&granted, &namespace()).is_err(), "{name}");
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
