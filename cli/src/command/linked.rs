//! What a permit to be issued is linked to: origins, an import permit, the permit it replaces; and the taxon keys that
//! tie its lines to theirs.

use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;
use ledger::digest::ChainId;
use ledger::party::PartyCode;
use ledger::permit::commitment::{PermitSecret, SecretFile, SpeciesSeal, TaxonKey, taxon_tag};
use ledger::permit::{LineId, Permit};
use ledger::quantity::Quantity;
use ledger::record::{
    CancelReason, Issue, LineKey, Origin, PermitKey, Replaces, RetrospectiveReason,
};
use ledger::state::PermitState;

use super::lines::proven_state;
use super::register::read_seal;
use crate::desk::Desk;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::reference::{Named, named_permit, read_secret};
use crate::trust::Pinned;

/// Flags of `permit issue` that link it to other permits.
#[derive(Args, Debug)]
pub(crate) struct Linked {
    /// Issued after the goods left, because of: authority-error, trader-misled or household-effects.
    #[arg(long, value_name = "REASON")]
    retrospective: Option<RetrospectiveReason>,
    /// Number of the own permit that this one replaces.
    #[arg(long, value_name = "NUMBER", requires = "reason")]
    replaces: Option<String>,
    /// Why it is replaced: clerical, lost, stolen or damaged.
    #[arg(long, requires = "replaces")]
    reason: Option<CancelReason>,
    /// The destination's import permit that it rests on, as QN/26QN000007.
    #[arg(long, value_name = "PARTY/NUMBER")]
    import_permit: Option<String>,
    /// What a line re-exports, as LINE:PARTY/NUMBER:LINE:QUANTITY in the unit of the line it comes from; where that
    /// is a re-export certificate, with the country of origin's permit after it, as :PARTY/NUMBER:LINE.
    #[arg(long = "origin", value_name = "ORIGIN")]
    origins: Vec<OriginArgument>,
    /// Secret file of a permit that this one is linked to: its taxa are shown to be the same.
    #[arg(long = "linked-secret", value_name = "FILE")]
    secrets: Vec<PathBuf>,
    /// The Party's seal over species: lines name their species keys, and draw on quotas.
    #[arg(long, value_name = "FILE")]
    seal: Option<PathBuf>,
}

/// `A:QS/26QS000123:A:100`, or `A:QT/26QT000007:B:40:QS/26QS000123:A`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OriginArgument {
    line: LineId,
    from: (String, LineId),
    drawn: Quantity,
    root: Option<(String, LineId)>,
}

impl FromStr for OriginArgument {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts: Vec<&str> = text.split(':').collect();
        let (own, from, line, drawn, root) = match parts.as_slice() {
            [own, from, line, drawn] => (own, from, line, drawn, None),
            [own, from, line, drawn, root, root_line] => (
                own,
                from,
                line,
                drawn,
                Some(((*root).to_owned(), root_line.parse()?)),
            ),
            _ => {
                return Err(
                    "write LINE:PARTY/NUMBER:LINE:QUANTITY, such as A:QS/26QS000123:A:100".into(),
                );
            }
        };
        let drawn: Quantity = drawn
            .parse()
            .map_err(|error: ledger::quantity::QuantityError| error.to_string())?;
        if drawn.is_zero() {
            return Err("a line that draws nothing has no origin".into());
        }
        Ok(Self {
            line: own.parse()?,
            from: ((*from).to_owned(), line.parse()?),
            drawn,
            root,
        })
    }
}

/// The links of a permit, resolved: what goes into its statement, and the keys that go into its secret file.
pub(crate) struct Links {
    retrospective: Option<RetrospectiveReason>,
    replaces: Option<Replaces>,
    import_permit: Option<PermitKey>,
    origins: Vec<(LineId, Origin)>,
    /// Keys of taxon tags that lines copy, and the seal.
    keys: Vec<(LineId, TaxonKey)>,
    seal: Option<SpeciesSeal>,
}

impl Linked {
    /// Reads the linked secrets, and asks the node for the permits that they belong to.
    pub(crate) fn resolve(
        &self,
        desk: &Desk,
        pinned: &mut Pinned,
        issuer: PartyCode,
        permit: &Permit,
    ) -> Result<Links, Failure> {
        let mut origins = Vec::new();
        for origin in &self.origins {
            let key = |(name, line): &(String, LineId)| -> Result<LineKey, Failure> {
                let permit = named_permit(name, pinned)?;
                Ok(LineKey {
                    permit,
                    line: *line,
                })
            };
            let from = key(&origin.from)?;
            let root = origin.root.as_ref().map(key).transpose()?;
            let origin_of = Origin {
                root: root.unwrap_or(from),
                last: root.map(|_| from),
                drawn: origin.drawn,
            };
            origins.push((origin.line, origin_of));
        }
        origins.sort_by_key(|(line, origin)| (*line, origin.source(), origin.root));
        let own = |number: &String| named_permit(&format!("{issuer}/{number}"), pinned);
        let replaced = self.replaces.as_ref().map(own).transpose()?;
        let granted = |name| named_permit(name, pinned);
        let import_permit = self.import_permit.as_deref().map(granted).transpose()?;
        let links = Links {
            retrospective: self.retrospective,
            replaces: replaced.zip(self.reason).map(|(old, reason)| Replaces {
                number: old.number,
                reason,
            }),
            import_permit,
            keys: self.keys(desk, pinned, permit, &origins)?,
            origins,
            seal: self.seal.as_deref().map(read_seal).transpose()?,
        };
        links.check_lines(permit)?;
        Ok(links)
    }

    /// For each line that is linked, the key under which the linked line has the same taxon.
    fn keys(
        &self,
        desk: &Desk,
        pinned: &mut Pinned,
        permit: &Permit,
        origins: &[(LineId, Origin)],
    ) -> Result<Vec<(LineId, TaxonKey)>, Failure> {
        let mut known: Vec<(PermitKey, SecretFile, PermitState)> = Vec::new();
        for path in &self.secrets {
            let file = read_secret(path)?;
            let named = Named {
                issuer: file.issuer,
                number: file.number.clone(),
                document: None,
            };
            let state = proven_state(desk, pinned, &named)?;
            known.push((named.key(pinned.chain), file, state));
        }
        let mut keys = Vec::new();
        for line in &permit.lines {
            let sources: Vec<LineKey> = origins
                .iter()
                .filter(|(own, _)| *own == line.id)
                .map(|(_, origin)| origin.source())
                .collect();
            let key = known.iter().find_map(|(permit, file, state)| {
                let mut lines = state.lines.iter();
                let linked = lines.find(|other| {
                    let source = LineKey {
                        permit: *permit,
                        line: other.line,
                    };
                    let is_source = sources.is_empty() || sources.contains(&source);
                    let key = file.taxon_key(other.line);
                    is_source && taxon_tag(key.as_bytes(), line.taxon.as_str()) == other.taxon
                })?;
                Some(file.taxon_key(linked.line))
            });
            keys.extend(key.map(|key| (line.id, key)));
        }
        Ok(keys)
    }
}

impl Links {
    /// The secret file of a permit that is linked so.
    pub(crate) fn secret_file(
        &self,
        issuer: PartyCode,
        permit: &Permit,
        secret: PermitSecret,
    ) -> SecretFile {
        let mut file = SecretFile::new(issuer, permit, secret, self.keys.clone());
        file.species_seal.clone_from(&self.seal);
        file
    }

    /// What is stated when the permit is issued with that secret file.
    pub(crate) fn statement(&self, chain: ChainId, permit: &Permit, file: &SecretFile) -> Issue {
        let mut statement = Issue::of(chain, file.issuer, permit, file);
        statement.retrospective = self.retrospective;
        statement.replaces = self.replaces;
        statement.import_permit = self.import_permit;
        for line in &mut statement.lines {
            let own = self.origins.iter().filter(|(id, _)| *id == line.line);
            line.origins = own.map(|(_, origin)| *origin).collect();
        }
        statement
    }

    /// Lines that origins name and the document does not have.
    fn check_lines(&self, permit: &Permit) -> Result<(), Failure> {
        let missing = self
            .origins
            .iter()
            .find(|(line, _)| permit.line(*line).is_none());
        match missing {
            Some((line, _)) => Err(Failure::new(
                Exit::Usage,
                format_args!("--origin names line {line}, which the permit does not have"),
            )
            .hint("nothing was sent")),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_names_its_line_its_permit_and_what_is_drawn() {
        let direct: OriginArgument = "A:QS/26QS000123:B:12.5".parse().unwrap();
        assert_eq!(
            direct.from,
            ("QS/26QS000123".to_owned(), LineId::new(2).unwrap())
        );
        assert_eq!(
            (direct.line, direct.drawn.to_string().as_str()),
            (LineId::A, "12.5")
        );
        assert_eq!(direct.root, None);
        let chained: OriginArgument = "A:QT/26QT7:B:40:QS/26QS1:A".parse().unwrap();
        assert_eq!(chained.root, Some(("QS/26QS1".to_owned(), LineId::A)));
        for wrong in [
            "",
            "A",
            "A:QS/1:A",
            "A:QS/1:A:0",
            "A:QS/1:A:x",
            "a:QS/1:A:1",
            "A:QS/1:A:1:QS/2",
        ] {
            assert!(wrong.parse::<OriginArgument>().is_err(), "{wrong}");
        }
    }
}
