//! `cites-node init`: make the keys and files of a node, and the Party's entry for the genesis.

use std::fs;
use std::io::Write;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::Args;
use genesis::NetworkName;
use genesis::ceremony;
use genesis::file::{NodeEntry, OfficeEntry, PartyEntry, PartyFile};
use ledger::digest::bytes_from_hex;
use ledger::key::{PublicKey, Signature};
use ledger::party::{PartyCode, Role};
use node::config::{Config, Listen};
use node::durable::{self, Existing, Readers};
use node::identity::Identity;

use super::{Exit, Failure};

/// Arguments of `init`.
#[derive(Args, Clone, Debug)]
pub(crate) struct Init {
    /// The Party's two-letter code.
    #[arg(long)]
    party: PartyCode,
    /// The Party's name, for people; the Convention's short name where it is left out.
    #[arg(long)]
    name: Option<String>,
    /// Name of the network that is to begin.
    #[arg(long, value_parser = network)]
    network: NetworkName,
    /// Folder for the node's keys and data.
    #[arg(long, env = "CITES_NODE_HOME")]
    home: PathBuf,
    /// An office, as ROLE=PUBLIC-KEY:PROOF; the office itself makes key and proof, and its number is its
    /// place among these options.
    #[arg(long = "office", value_name = "ROLE=PUBLIC-KEY:PROOF", required = true)]
    offices: Vec<OfficeArgument>,
    /// The customs union the Party belongs to, such as EU; none for none [default: as the list of Parties says].
    #[arg(long, value_name = "UNION")]
    customs_union: Option<String>,
    /// The Party accepts imports of permits that were never endorsed at export.
    #[arg(long)]
    accepts_unendorsed: bool,
    /// The Party asks for its own import permit for Appendix II too: a stricter measure (Art. XIV.1).
    #[arg(long)]
    import_permit_for_ii: bool,
    /// The node verifies everything and does not vote.
    #[arg(long, conflicts_with = "power")]
    follower: bool,
    /// The node's voting power, as the Parties agreed.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    power: u32,
    /// Address on which other nodes reach this one; this machine only where it is left out.
    #[arg(long, default_value = "127.0.0.1")]
    listen: IpAddr,
    /// For several nodes on one machine: raises every port by ten times this.
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u16).range(0..1000))]
    port_step: u16,
}

/// What `--office` says.
#[derive(Clone, Debug)]
struct OfficeArgument {
    role: Role,
    key: PublicKey,
    proof: Signature,
}

impl FromStr for OfficeArgument {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (role, rest) = text.split_once('=').ok_or("write ROLE=PUBLIC-KEY:PROOF")?;
        let (key, proof) = rest
            .split_once(':')
            .ok_or("the proof of possession is missing: write ROLE=PUBLIC-KEY:PROOF")?;
        Ok(Self {
            role: role.parse()?,
            key: PublicKey::from_hex(key).map_err(|error| error.to_string())?,
            proof: bytes_from_hex(proof)
                .map(Signature)
                .ok_or("a proof of possession is 128 hexadecimal digits")?,
        })
    }
}

fn network(text: &str) -> Result<NetworkName, String> {
    NetworkName::parse(text).ok_or_else(|| {
        "3 to 32 lower-case letters, digits and single hyphens, beginning with a letter".into()
    })
}

/// Makes everything or, where anything is wrong with the arguments, nothing.
///
/// Order matters: until the voting key is there the home is unfinished and `init` may be run again.
pub(crate) fn run(init: &Init, out: &mut impl Write) -> Result<(), Failure> {
    if Identity::exists(&init.home) {
        let error = format!("`{}` holds a node already", init.home.display());
        let hint = "choose another --home; a voting key must never live in two places";
        return Err(Failure::new(Exit::Usage, error, hint));
    }
    let identity = Identity::draw()?;
    let entry = entry(init, &identity);
    ceremony::check_party(&entry)?;

    let home = make_home(&init.home)?;
    let config = Config::new(&home, init.party, Listen::at(init.listen, init.port_step));
    let config_path = config.save()?;
    let entry_path = home.join(format!("{}.party.toml", init.party));
    let text = entry.to_toml();
    durable::write(
        &entry_path,
        text.as_bytes(),
        Readers::Everybody,
        Existing::Replace,
    )
    .map_err(|error| {
        Failure::new(
            Exit::Failed,
            format!("`{}`: {error}", entry_path.display()),
            "",
        )
    })?;
    identity.save(&home)?;

    writeln!(
        out,
        "made     {}   voting key, peer key; never copy them to another machine",
        home.join("keys").display()
    )?;
    writeln!(
        out,
        "wrote    {}   add the other Parties' addresses",
        config_path.display()
    )?;
    writeln!(
        out,
        "wrote    {}   send this to the genesis coordinator; it holds no secret",
        entry_path.display()
    )?;
    writeln!(out, "peer id  {}", identity.peer_id())?;
    Ok(())
}

fn make_home(home: &Path) -> Result<PathBuf, Failure> {
    let failed = |error| Failure::new(Exit::Failed, format!("`{}`: {error}", home.display()), "");
    durable::create_private_folder(home).map_err(failed)?;
    fs::canonicalize(home).map_err(failed)
}

fn entry(init: &Init, identity: &Identity) -> PartyFile {
    let listed = genesis::parties::find(init.party);
    let known = listed.map(|party| party.name);
    let union = match init.customs_union.as_deref() {
        Some("none") => None,
        Some(union) => Some(union.to_owned()),
        None => listed.and_then(|party| party.customs_union).map(Into::into),
    };
    let node = NodeEntry::follower(&init.network, init.party, identity.peer());
    let node = if init.follower {
        node
    } else {
        node.with_vote(&init.network, init.party, identity.voting(), init.power)
    };
    let office =
        |office: &OfficeArgument| OfficeEntry::claimed(office.role, &office.key, &office.proof);
    PartyFile {
        network: init.network.to_string(),
        party: PartyEntry {
            code: init.party.to_string(),
            name: init.name.as_deref().or(known).unwrap_or_default().into(),
            customs_union: union,
            accepts_unendorsed: init.accepts_unendorsed,
            import_permit_for_ii: init.import_permit_for_ii,
            offices: init.offices.iter().map(office).collect(),
            nodes: vec![node],
        },
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;
    use genesis::possession::{Claim, Purpose};
    use ledger::digest::hex;
    use ledger::key::SecretKey;

    use super::*;

    #[derive(clap::Parser)]
    struct Command {
        #[command(flatten)]
        init: Init,
    }

    fn office(network: &str, role: Role) -> String {
        let network = NetworkName::parse(network).unwrap();
        let secret = SecretKey::from_seed(&[role as u8 + 1; 32]);
        let party = PartyCode::new("QS").unwrap();
        let claim = Claim {
            network: &network,
            party,
            purpose: Purpose::Office(role),
        };
        format!(
            "{role}={}:{}",
            secret.public(),
            hex(&claim.prove(&secret).0)
        )
    }

    fn init(home: &Path, offices: &[String], more: &[&str]) -> Result<String, (Exit, String)> {
        let mut arguments: Vec<String> = [
            "init",
            "--party",
            "QS",
            "--name",
            "Suravia",
            "--network",
            "demo-1",
            "--home",
        ]
        .map(Into::into)
        .into();
        arguments.push(home.to_str().unwrap().into());
        for office in offices {
            arguments.extend(["--office".into(), office.clone()]);
        }
        arguments.extend(more.iter().map(|word| (*word).into()));
        let command =
            Command::try_parse_from(arguments).map_err(|error| (Exit::Usage, error.to_string()))?;
        let mut out = Vec::new();
        run(&command.init, &mut out).map_err(|failure| failure.seen())?;
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn a_node_is_made_with_keys_configuration_and_entry() {
        let home = tempfile::tempdir().unwrap();
        let home = home.path().join("qs");
        let offices = [
            office("demo-1", Role::Management),
            office("demo-1", Role::Customs),
        ];
        let said = init(&home, &offices, &["--port-step", "2", "--power", "3"]).unwrap();
        let identity = Identity::load(&home).unwrap();
        assert!(said.contains(&identity.peer_id().to_string()), "{said}");
        let config = Config::load(&home, |_| None).unwrap();
        assert_eq!(config.listen, Listen::loopback(2));
        let entry =
            PartyFile::parse(&fs::read_to_string(home.join("QS.party.toml")).unwrap()).unwrap();
        ceremony::check_party(&entry).unwrap();
        assert_eq!(entry.party.offices.len(), 2);
        let voting = entry.party.nodes[0].voting.as_ref().unwrap();
        assert_eq!(
            (voting.key.clone(), voting.power),
            (identity.voting().public().to_string(), 3)
        );
        for name in ["node.toml", "QS.party.toml"] {
            let text = fs::read_to_string(home.join(name)).unwrap();
            assert!(!text.contains(&hex(&identity.voting().to_seed())), "{name}");
            assert!(!text.contains(&hex(&identity.peer().to_seed())), "{name}");
        }
    }

    #[test]
    fn a_second_init_changes_nothing() {
        let home = tempfile::tempdir().unwrap();
        let offices = [office("demo-1", Role::Management)];
        init(home.path(), &offices, &["--follower"]).unwrap();
        let before = Identity::load(home.path()).unwrap().peer_id();
        let (exit, said) = init(home.path(), &offices, &[]).unwrap_err();
        assert_eq!(exit, Exit::Usage);
        assert!(
            said.contains("holds a node already") && said.contains("hint: "),
            "{said}"
        );
        assert_eq!(Identity::load(home.path()).unwrap().peer_id(), before);
        let entry = fs::read_to_string(home.path().join("QS.party.toml")).unwrap();
        assert_eq!(
            PartyFile::parse(&entry).unwrap().party.nodes[0].voting,
            None
        );
    }

    #[test]
    fn wrong_arguments_make_nothing() {
        let good = office("demo-1", Role::Management);
        let bare = good.split_once(':').unwrap().0.to_owned();
        let rows = [
            (vec![], vec![], Exit::Usage, "--office"),
            (
                vec![bare],
                vec![],
                Exit::Usage,
                "the proof of possession is missing",
            ),
            (
                vec![good.replace("management", "police")],
                vec![],
                Exit::Usage,
                "`police` is not a role",
            ),
            (
                vec!["management=12:34".into()],
                vec![],
                Exit::Usage,
                "64 hexadecimal digits",
            ),
            (
                vec![good.clone()],
                vec!["--power", "0"],
                Exit::Usage,
                "--power",
            ),
            (
                vec![good.clone()],
                vec!["--listen", "node.example"],
                Exit::Usage,
                "--listen",
            ),
            (
                vec![office("demo-2", Role::Management)],
                vec![],
                Exit::BadInput,
                "error: party QS, office 1 (management), possession: the proof of possession does not verify\nhint: ",
            ),
            (
                vec![good.clone(), good],
                vec!["--customs-union", "?"],
                Exit::BadInput,
                "office 2 (management): the same key as party QS, office 1 (management)",
            ),
        ];
        for (offices, more, exit, expected) in rows {
            let home = tempfile::tempdir().unwrap();
            let home = home.path().join("qs");
            let (seen, said) = init(&home, &offices, &more).unwrap_err();
            assert_eq!(seen, exit, "{said}");
            assert!(said.contains(expected), "{said}");
            assert!(!home.exists());
        }
    }
}
