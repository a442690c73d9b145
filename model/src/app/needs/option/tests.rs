use super::*;

fn spelt(text: &str) -> String {
    text.parse::<DockerOption>().unwrap_or_else(|refused| panic!("{text}: {refused}")).to_string()
}

#[test]
fn options_are_read_as_docker_takes_them_and_spelt_one_way() {
    for (text, expected) in [
        ("--cap-add NET_ADMIN", "--cap-add=NET_ADMIN"),
        ("--cap-add=cap_net_admin", "--cap-add=NET_ADMIN"),
        ("--cap-drop all", "--cap-drop=ALL"),
        ("--cap-drop MKNOD", "--cap-drop=MKNOD"),
        ("--device /dev/net/tun", "--device=/dev/net/tun:/dev/net/tun:rwm"),
        ("--device=/dev/ttyUSB0:/dev/stick:rw", "--device=/dev/ttyUSB0:/dev/stick:rw"),
        ("--sysctl net.ipv4.ip_forward=1", "--sysctl=net.ipv4.ip_forward=1"),
        ("--sysctl \"kernel.sem=250 32000 100 128\"", "--sysctl=kernel.sem=250 32000 100 128"),
        ("--shm-size 256m", "--shm-size=256m"),
        ("--shm-size=1024k", "--shm-size=1m"),
        ("--ulimit nofile=65536", "--ulimit=nofile=65536:65536"),
        ("--ulimit memlock=-1:-1", "--ulimit=memlock=-1:-1"),
        ("--init=false", "--init=false"),
        ("--init", "--init=true"),
        ("--tmpfs /run:rw,noexec,size=64m,mode=1777", "--tmpfs=/run:size=64m,mode=1777"),
        ("--tmpfs '/tmp'", "--tmpfs=/tmp"),
        ("--add-host db:10.0.0.2", "--add-host=db:10.0.0.2"),
        ("--add-host me=host-gateway", "--add-host=me:host-gateway"),
        ("--add-host six:[::1]", "--add-host=six:::1"),
        ("--dns 1.1.1.1", "--dns=1.1.1.1"),
        ("--read-only", "--read-only"),
    ] {
        assert_eq!(spelt(text), expected);
        assert_eq!(spelt(expected), expected, "what is spelt reads back");
    }
}

#[test]
fn what_owns_the_server_is_refused_in_words() {
    for text in [
        "--privileged",
        "--privileged=true",
        "--network host",
        "--net=host",
        "--pid=host",
        "--ipc=host",
        "--uts=host",
        "--userns=host",
        "--security-opt seccomp=unconfined",
        "--volumes-from other",
        "--cgroup-parent /",
        "--runtime runc",
        "--device-cgroup-rule 'a *:* rwm'",
        "--gpus all",
        "-v /:/host",
        "--volume=/:/host",
        "--mount type=bind,source=/,target=/host",
        "-p 22:22",
        "-P",
        "--cap-add ALL",
        "--cap-add all",
        "--device /dev/sda",
        "--device /dev/mem",
        "--device /dev/net/tun/../sda",
        "--device /dev/dri/../sda",
        "--device /dev/ttyUSB0/../sda",
        "--device /etc/passwd",
        "--device /dev/net/tun:/dev/x:rwmx",
        "--device /dev/net/tun:/dev/x:rr",
        "--sysctl kernel.panic=1",
        "--sysctl vm.swappiness=1",
        "--sysctl kernel.core_pattern=|/bin/x",
        "--sysctl net..x=1",
        "--tmpfs /run:exec",
        "--tmpfs /run:suid",
        "--tmpfs /proc",
        "--tmpfs /run:size=0",
        "--tmpfs /run:mode=99",
        "--ulimit nofile=9:1",
        "--ulimit x=1",
        "--ulimit nofile=-2",
        "--shm-size 0",
        "--shm-size 65g",
        "--shm-size 18446744073709551615g",
        "--init=maybe",
        "--read-only=false",
        "--unknown=1",
        "--cap-add",
        "--",
        "",
    ] {
        let refused = text.parse::<DockerOption>().expect_err(text);
        assert!(refused.0.ends_with('.'), "{text}: {refused}");
    }
}

#[test]
fn pasted_text_falls_into_options() {
    let text = "--cap-add NET_ADMIN --sysctl kernel.sem=1 2 3 4 \\\n  --read-only\r\n\n--dns=1.1.1.1";
    assert_eq!(
        DockerOption::split(text),
        ["--cap-add NET_ADMIN", "--sysctl kernel.sem=1 2 3 4", "--read-only", "--dns=1.1.1.1"]
    );
    assert!(DockerOption::split(" \n ").is_empty());
}

#[test]
fn every_capability_beyond_the_usual_ones_says_what_it_means() {
    let usual = Capability::all().filter(|capability| capability.danger().is_none()).count();
    assert_eq!(usual, 14, "the engine's own default");
    for capability in Capability::all() {
        assert!(capability.danger().is_none_or(|words| words.starts_with("May ")), "{}", capability.as_str());
        assert_eq!(capability.as_str().parse(), Ok(capability));
    }
}
