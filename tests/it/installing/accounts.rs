//! Servers where one logs in as another user than root, and servers that build the program.

use super::remote::Pair;
use super::write_wallet;
use crate::debian::said;

const NEEDED: &str = "BITTENSOR_NETWORK=finney BITTENSOR_NETUID=12";

/// Makes a user on the server, whom one's own machine knows as a destination of the same name.
fn add_user(pair: &Pair, name: &str, may_become_root: bool) {
    pair.server.run_well(&format!(
        "useradd --create-home --shell /bin/bash {name}; \
         cp -r /root/.ssh /home/{name}/; chown -R {name}: /home/{name}"
    ));
    if may_become_root {
        let rule = format!("{name} ALL=(ALL) NOPASSWD: ALL\n");
        pair.server.write(&format!("/etc/sudoers.d/{name}"), &rule);
    }
    let config = pair.own.read("/root/.ssh/config");
    let known = config
        .replace("Host server\n", &format!("Host {name}\n"))
        .replace("User root", &format!("User {name}"));
    pair.own
        .write("/root/.ssh/config", &format!("{config}{known}"));
}

#[test]
fn a_user_who_may_become_root_installs_and_no_secret_is_an_argument() {
    let Some(pair) = Pair::new() else {
        return;
    };
    add_user(&pair, "deploy", true);
    let hotkey = write_wallet(&pair.own, "w", "h");
    pair.own.write(
        "/usr/local/bin/ssh",
        "#!/bin/sh\necho \"$*\" >>/root/arguments\nexec /usr/bin/ssh \"$@\"\n",
    );
    pair.own.run_well("chmod 755 /usr/local/bin/ssh");
    let environment = format!("{NEEDED} AWS_SECRET_ACCESS_KEY=very-secret");
    let remote = format!("remote --binary horde deploy {hotkey}");
    let output = pair.install(&environment, &remote);
    assert!(output.status.success(), "{}", said(&output));
    let places = pair.server.run_well(
        "cd / && stat -c '%n %a %U:%G' usr/local/bin/horde etc/horde/horde.env \
         etc/horde/wallets/w/hotkeys/h; ls -A /home/deploy | grep install || true",
    );
    assert_eq!(
        places,
        "usr/local/bin/horde 755 root:root\netc/horde/horde.env 640 root:horde\n\
         etc/horde/wallets/w/hotkeys/h 600 horde:horde\n"
    );
    let settings = pair.server.read("/etc/horde/horde.env");
    assert!(settings.contains("\nAWS_SECRET_ACCESS_KEY=very-secret\n"));
    let arguments = pair.own.read("/root/arguments");
    assert!(arguments.contains("ControlMaster=yes"), "{arguments}");
    assert!(!arguments.contains("very-secret"));
}

#[test]
fn a_user_who_cannot_become_root_and_a_server_that_is_away_are_told_apart() {
    let Some(pair) = Pair::new() else {
        return;
    };
    add_user(&pair, "guest", false);
    let hotkey = write_wallet(&pair.own, "w", "h");
    for command in [
        format!("remote --binary horde guest {hotkey}"),
        "git-deploy guest".to_owned(),
    ] {
        let output = pair.install(NEEDED, &command);
        assert_eq!(output.status.code(), Some(1), "{}", said(&output));
        assert!(
            said(&output).contains("guest is not root"),
            "{}",
            said(&output)
        );
    }
    let rest = pair.server.run_well("ls -A /home/guest");
    assert!(
        !rest.contains("install") && !rest.contains("repos"),
        "{rest}"
    );
    let output = pair.install(
        NEEDED,
        &format!("remote -p 1 --binary horde guest {hotkey}"),
    );
    assert_eq!(output.status.code(), Some(75), "{}", said(&output));
}

#[test]
fn where_the_program_does_not_run_the_committed_source_is_built() {
    let Some(pair) = Pair::new() else {
        return;
    };
    let hotkey = write_wallet(&pair.own, "w", "h");
    pair.own.run_well(
        "cd /src && printf '#!/bin/sh\\nexit 1\\n' >bad && mv horde /root/ && git init -q && \
         git add . && git -c user.name=t -c user.email=t@example.org commit -qm first",
    );
    let remote = format!("remote --binary bad server {hotkey}");
    let output = pair.install(&format!("{NEEDED} HORDE_BUILD='exit 3'"), &remote);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(
        said(&output).contains("the build failed"),
        "{}",
        said(&output)
    );
    let rest = pair
        .server
        .run_well("ls -dA /root/.horde-install* /etc/horde 2>/dev/null || true");
    assert_eq!(rest, "");
    let build = r#"HORDE_BUILD='test -f Cargo.toml && cp /src/horde "$HORDE_BINARY"'"#;
    let output = pair.install(&format!("{NEEDED} {build}"), &remote);
    assert!(output.status.success(), "{}", said(&output));
    pair.server.run_well("cmp /src/horde /usr/local/bin/horde");
}
