use super::*;

fn volume(name: &str, to: &str) -> NeedForm {
    NeedForm { kind: "mount".into(), text: name.into(), to: to.into(), ..NeedForm::default() }
}

fn need(kind: &str, text: &str) -> NeedForm {
    NeedForm { kind: kind.into(), text: text.into(), ..NeedForm::default() }
}

fn with(forms: &[NeedForm]) -> Result<HostNeeds, Problem> {
    forms.iter().try_fold(HostNeeds::default(), |needs, form| needs.with(form))
}

const HOSTILE: [&str; 22] = [
    "$(touch /tmp/pwn)",
    "`id`",
    "; rm -rf /",
    "a\nb",
    "a\rb",
    "a\0b",
    "--privileged",
    "-v",
    "../../etc",
    "/a/../etc",
    "/data:/etc",
    "/data,ro=false",
    "/data\\",
    "/da\"ta",
    "é",
    "\u{202e}x",
    "%2e%2e/",
    "//etc",
    "/a//b",
    "/a/",
    "{}",
    "$HOME",
];

#[test]
fn a_game_server_and_a_vpn_can_be_said() {
    let game = with(&[volume("world", "/data"), need("published", "25565:25565/tcp"), need("published", "19132/udp")]);
    let game = game.unwrap_or_else(|problem| panic!("{problem}"));
    assert_eq!(game.dangers(), []);
    assert!(game.publishes(&ProcessName::web()));
    assert!(!game.publishes(&"worker".parse().expect("a process")));
    assert_eq!(game.volumes().len(), 1);

    let modules = NeedForm { read_only: "yes".into(), ..volume("/lib/modules", "/lib/modules") };
    let options = "--cap-add NET_ADMIN --cap-add=SYS_MODULE \\\n--sysctl net.ipv4.conf.all.src_valid_mark=1\n";
    let vpn = with(&[modules, need("option", options), need("published", "51820:51820/udp")]);
    let vpn = vpn.unwrap_or_else(|problem| panic!("{problem}"));
    assert_eq!(vpn.dangers().len(), 4);
    assert!(vpn.is_more_dangerous_than(&game));
    assert!(!game.is_more_dangerous_than(&vpn));
    let again: HostNeeds = serde_json::from_str(&serde_json::to_string(&vpn).expect("text")).expect("needs");
    assert_eq!(again, vpn);
    assert_eq!(serde_json::from_str::<HostNeeds>("{}").expect("needs"), HostNeeds::default());
}

#[test]
fn the_server_itself_is_never_given_away() {
    for path in [
        "/",
        "/etc",
        "/etc/ssl",
        "/root",
        "/root/x",
        "/proc",
        "/proc/1",
        "/sys",
        "/dev",
        "/dev/sda",
        "/run",
        "/run/docker.sock",
        "/var/run/docker.sock",
        "/var",
        "/var/lib",
        "/var/lib/docker",
        "/var/lib/docker/volumes",
        "/usr",
        "/usr/bin",
        "/lib",
        "/boot",
        "/home/ada/.ssh",
        "/home/ada/.ssh/id",
        "/etc/localtimes",
        "/libx",
    ] {
        let refused = path.parse::<HostFolder>().is_err();
        assert_eq!(refused, path != "/libx", "{path}");
    }
    for path in ["/srv/media", "/home/ada/files", "/mnt/disk 2", "/opt/x", "/var/www", "/lib/modules", "/etc/localtime"]
    {
        assert!(path.parse::<HostFolder>().is_ok(), "{path}");
    }
    let written = volume("/lib/modules", "/lib/modules");
    assert_eq!(with(&[written]).expect_err("refused").field.as_deref(), Some("read_only"));
    let folder: HostFolder = "/srv/media".parse().expect("a folder");
    assert!(folder.is_clear_of(&["/var/lib/homeport".into(), "/srv/med".into()]));
    for kept in ["/srv", "/srv/media", "/srv/media/below"] {
        assert!(!folder.is_clear_of(&[kept.into()]), "{kept}");
    }
}

#[test]
fn hostile_text_is_refused_in_every_field() {
    for text in HOSTILE.into_iter().map(str::to_owned).chain(["x".repeat(5_000)]) {
        for (field, form) in [
            ("text", volume(&text, "/data")),
            ("to", volume("data", &text)),
            ("owner", NeedForm { owner: text.clone(), ..volume("data", "/data") }),
            ("process", NeedForm { process: text.clone(), ..volume("data", "/data") }),
            ("process", NeedForm { process: text.clone(), ..need("published", "80:80") }),
            ("text", need("port", &text)),
            ("text", need("port", &format!("http:{text}:80"))),
            ("text", need("published", &text)),
            ("text", need("published", &format!("80:80 from {text}"))),
            ("sources", NeedForm { sources: text.clone(), ..need("published", "80:80") }),
            ("text", need("published", &format!("{text}:80:80/tcp"))),
            ("text", need("option", &text)),
            ("text", need("option", &format!("--cap-add={text}"))),
            ("text", need("option", &format!("--device={text}"))),
            ("text", need("option", &format!("--device=/dev/net/tun:{text}:r"))),
            ("text", need("option", &format!("--sysctl={text}"))),
            ("text", need("option", &format!("--sysctl=net.x={text}$"))),
            ("text", need("option", &format!("--ulimit=nofile={text}"))),
            ("text", need("option", &format!("--tmpfs={text}"))),
            ("text", need("option", &format!("--tmpfs=/x:{text}"))),
            ("text", need("option", &format!("--add-host={text}:127.0.0.1"))),
            ("text", need("option", &format!("--add-host=a:{text}"))),
            ("text", need("option", &format!("--shm-size={text}"))),
            ("text", need("option", &format!("--dns={text}"))),
            ("kind", need(&text, "x")),
        ] {
            let problem = with(std::slice::from_ref(&form)).err().unwrap_or_else(|| panic!("accepted: {form:?}"));
            assert_eq!(problem.field.as_deref(), Some(field), "{form:?}");
        }
    }
}

#[test]
fn needs_that_exclude_each_other_are_refused() {
    let process = |form: NeedForm, process: &str| NeedForm { process: process.into(), ..form };
    for (field, forms) in [
        ("to", vec![volume("a", "/data"), volume("b", "/data")]),
        ("to", vec![volume("a", "/data"), process(volume("b", "/data"), "web")]),
        ("owner", vec![volume("a", "/data"), NeedForm { owner: "root".into(), ..volume("a", "/more") }]),
        ("text", vec![need("port", "http:8080:1"), need("port", "grpc:8080:2")]),
        ("text", vec![need("published", "25565"), process(need("published", "25565:1"), "worker")]),
        ("text", vec![need("published", "127.0.0.1:25565:1"), need("published", "25565:1")]),
        ("text", vec![need("option", "--shm-size=64m"), need("option", "--shm-size 65m")]),
        ("text", vec![need("option", "--sysctl net.a=1 --sysctl net.a=2")]),
        ("text", vec![volume("a", "/data"), need("option", "--tmpfs /data")]),
    ] {
        let problem = with(&forms).err().unwrap_or_else(|| panic!("accepted: {forms:?}"));
        assert_eq!(problem.field.as_deref(), Some(field), "{forms:?}");
    }
    let fine = [
        process(volume("a", "/data"), "web"),
        process(volume("b", "/data"), "worker"),
        need("published", "53:53/udp"),
        need("published", "53:53/tcp"),
        need("published", "127.0.0.1:80:80"),
        need("published", "[::1]:80:80"),
    ];
    let needs = with(&fine).unwrap_or_else(|problem| panic!("{problem}"));
    let many: Vec<NeedForm> = (1..=33).map(|port| need("published", &port.to_string())).collect();
    assert!(with(&many).is_err());

    let from = NeedForm { sources: "192.168.0.0/16\n10.0.0.0/8".into(), ..need("published", "25565:25565/udp") };
    let from = with(&[from]).unwrap_or_else(|problem| panic!("{problem}"));
    let text = from.published[0].to_string();
    assert_eq!(text, "25565:25565/udp from 10.0.0.0/8, 192.168.0.0/16");
    assert_eq!(with(&[need("published", &text)]).expect("read again"), from);
    assert_eq!(from.without("published", &text).expect("removed"), HostNeeds::default());
    let spelt = needs.published[3].to_string();
    assert_eq!(spelt, "[::1]:80:80/tcp");
    assert_eq!(needs.without("published", &spelt).expect("removed").published.len(), 3);
    assert_eq!(needs.without("published", "x"), None);
    assert_eq!(needs.without("x", &spelt), None);
}

#[test]
fn owners_are_numbers_or_the_builders_words() {
    for (text, expected) in [
        ("", "image"),
        ("false", "image"),
        ("root", "0:0"),
        ("heroku", "1000:1000"),
        ("paketo", "2000:2000"),
        ("herokuish", "32767:32767"),
        ("7", "7:7"),
        ("7:8", "7:8"),
    ] {
        assert_eq!(text.parse::<Owner>().expect("an owner").to_string(), expected);
    }
    for text in ["-1", "+1", "4294967295", "4294967296", "1:", ":1", "1:2:3", "www-data"] {
        assert!(text.parse::<Owner>().is_err(), "{text}");
    }
}
