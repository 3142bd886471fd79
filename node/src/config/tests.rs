//! Files and variables → configuration, or every value that cannot be.

use std::fs;

use super::*;

fn load(text: &str, variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join(FILE_NAME), text).unwrap();
    let variable = |name: &str| {
        let found = variables.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| (*value).to_owned())
    };
    Config::load(home.path(), variable).map(|config| Config {
        home: PathBuf::new(),
        genesis: config
            .genesis
            .strip_prefix(home.path())
            .unwrap_or(&config.genesis)
            .to_owned(),
        ..config
    })
}

fn values(text: &str, variables: &[(&str, &str)]) -> Vec<String> {
    match load(text, variables) {
        Err(ConfigError::Values(faults)) => faults.iter().map(ToString::to_string).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_least_file_listens_on_this_machine_only() {
    let config = load("party = 'QS'", &[]).unwrap();
    assert_eq!(
        config,
        Config::new(
            Path::new(""),
            PartyCode::new("QS").unwrap(),
            Listen::loopback(0)
        )
    );
    let addresses = config
        .listen
        .named()
        .map(|(_, address)| address.to_string());
    assert_eq!(
        addresses,
        [
            "127.0.0.1:27610",
            "127.0.0.1:27611",
            "127.0.0.1:27612",
            "127.0.0.1:27613"
        ]
    );
    let third = Listen::loopback(2)
        .named()
        .map(|(_, address)| address.port());
    assert_eq!(third, [27630, 27631, 27632, 27633]);
    let reached = Listen::at("192.0.2.1".parse().unwrap(), 0).named();
    let open = reached.map(|(_, address)| !address.ip().is_loopback());
    assert_eq!(open, [true, false, false, true]);
}

#[test]
fn what_was_saved_is_loaded() {
    let home = tempfile::tempdir().unwrap();
    let code = |text| PartyCode::new(text).unwrap();
    let mut config = Config::new(home.path(), code("QS"), Listen::loopback(1));
    config.log_format = LogFormat::Json;
    config.fingerprint = Some("00112233445566778899aabbccddeeff".parse().unwrap());
    for (party, step) in [("QT", 2), ("QN", 3)] {
        let Listen {
            consensus, gossip, ..
        } = Listen::loopback(step);
        config.peers.push(Peer {
            party: code(party),
            consensus,
            gossip,
        });
    }
    config.save().unwrap();
    assert_eq!(Config::load(home.path(), |_| None).unwrap(), config);
    config.genesis = "/elsewhere/genesis.toml".into();
    config.save().unwrap();
    assert_eq!(Config::load(home.path(), |_| None).unwrap(), config);
}

#[test]
fn variables_go_before_the_file() {
    let text = "party = 'QS'\nlog_format = 'text'\n[listen]\nhttp = '127.0.0.1:1'";
    let variables = [
        ("CITES_NODE_LOG_FORMAT", "json"),
        ("CITES_NODE_LISTEN_HTTP", "127.0.0.1:2"),
        ("CITES_NODE_LISTEN_GOSSIP", "[::1]:3"),
        ("CITES_NODE_GENESIS", "/etc/genesis.toml"),
        ("CITES_NODE_FINGERPRINT", "00112233445566778899aabbccddeeff"),
    ];
    let config = load(text, &variables).unwrap();
    assert_eq!(config.log_format, LogFormat::Json);
    assert_eq!(config.listen.http.port(), 2);
    assert_eq!(config.listen.gossip.to_string(), "[::1]:3");
    assert_eq!(config.genesis, Path::new("/etc/genesis.toml"));
    assert!(config.fingerprint.is_some());
    assert_eq!(
        values(text, &[("CITES_NODE_LISTEN_METRICS", "here")]),
        ["CITES_NODE_LISTEN_METRICS: `here` is not an address and port, such as 192.0.2.7:27610"]
    );
}

#[test]
fn every_value_that_cannot_be_is_named_at_once() {
    let text = "party = 'qs'\nfingerprint = '12'\nlog_format = 'xml'\n\
        [listen]\nconsensus = 'node.example:27610'\nhttp = '127.0.0.1:0'\nmetrics = '127.0.0.1:9'\ngossip = '[::1]:9'\n\
        [[peer]]\nparty = 'QT'\nconsensus = '0.0.0.0:5'\ngossip = '192.0.2.1:6'\n\
        [[peer]]\nparty = 'Q'\nconsensus = '192.0.2.1:6'\ngossip = '192.0.2.1'";
    let such_as = "is not an address and port, such as 192.0.2.7:27610";
    assert_eq!(
        values(text, &[]),
        [
            "party: `qs` is not a Party code: two capital letters, such as QS".to_owned(),
            "fingerprint: a fingerprint has eight groups of four hexadecimal digits".to_owned(),
            "log_format: text or json".to_owned(),
            format!("listen.consensus: `node.example:27610` {such_as}"),
            format!("listen.http: `127.0.0.1:0` {such_as}"),
            "listen.gossip: has the same port as listen.metrics".to_owned(),
            "peer 1, consensus: an address to dial, not one to listen on".to_owned(),
            "peer 2, party: `Q` is not a Party code: two capital letters, such as QS".to_owned(),
            "peer 2, consensus: is the same address as peer 1, gossip".to_owned(),
            format!("peer 2, gossip: `192.0.2.1` {such_as}"),
        ]
    );
    let peer = "[[peer]]\nparty = 'QT'\nconsensus = '192.0.2.1:1'\ngossip = '192.0.2.1:2'\n";
    let many = format!("party = 'QS'\n{}", peer.repeat(513));
    assert_eq!(values(&many, &[]), ["peer: 513 peers, the limit is 512"]);
}

#[test]
fn a_fault_of_shape_names_its_line_and_key() {
    let rows = [
        ("party = 'QS'\nparti = 1", "line 2: unknown field `parti`"),
        ("genesis = 'g'", "line 1: missing field `party`"),
        (
            "party = 'QS'\n[listen]\nhttp = 1",
            "line 3: invalid type: integer `1`",
        ),
        ("party", "line 1: key with no value"),
    ];
    for (text, expected) in rows {
        let error = load(text, &[]).unwrap_err();
        assert!(matches!(error, ConfigError::Shape { .. }), "{error}");
        assert!(error.to_string().contains(expected), "{error}");
    }
    let long = format!("#{}", "x".repeat(CONFIG_BYTES_MAX));
    assert!(matches!(load(&long, &[]), Err(ConfigError::File { .. })));
}

#[test]
fn only_the_pinned_genesis_is_accepted() {
    let home = tempfile::tempdir().unwrap();
    let mut config = Config::new(
        home.path(),
        PartyCode::new("QS").unwrap(),
        Listen::loopback(0),
    );
    assert!(matches!(config.genesis(), Err(ConfigError::File { .. })));
    fs::write(
        &config.genesis,
        include_str!("../../../genesis/networks/demo-1.toml"),
    )
    .unwrap();
    let genesis = config.genesis().unwrap();
    config.fingerprint = Some(genesis.fingerprint());
    assert_eq!(config.genesis().unwrap(), genesis);
    config.fingerprint = Some("00112233445566778899aabbccddeeff".parse().unwrap());
    assert!(matches!(
        config.genesis(),
        Err(ConfigError::Fingerprint { .. })
    ));
    fs::write(&config.genesis, "network = 'x'\nprotocol_version = 1").unwrap();
    assert!(matches!(config.genesis(), Err(ConfigError::Genesis(_))));
}

#[test]
fn a_genesis_is_pinned_once_and_nothing_else_in_the_file_changes() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join(FILE_NAME);
    let text = "# ours\nparty = 'QS'\n[listen]\nhttp = '127.0.0.1:5' # odd\n";
    fs::write(&path, text).unwrap();
    let first: Fingerprint = "00112233445566778899aabbccddeeff".parse().unwrap();
    Config::pin(home.path(), first).unwrap();
    assert!(fs::read_to_string(&path).unwrap().ends_with(text));
    let config = Config::load(home.path(), |_| None).unwrap();
    assert_eq!(
        (config.fingerprint, config.listen.http.port()),
        (Some(first), 5)
    );
    let second = "f0112233445566778899aabbccddeeff".parse().unwrap();
    let refused = Config::pin(home.path(), second).unwrap_err();
    assert!(matches!(refused, ConfigError::Pinned(pinned) if pinned == first));
}
