//! How a permit is named on the command line: `QS/26QS000123`, or the XML of its document.

use std::io;
use std::path::{Path, PathBuf};

use ledger::codes::Unit;
use ledger::digest::ChainId;
use ledger::limits::{PROOF_BYTES_MAX, SECRET_FILE_BYTES_MAX, XML_BYTES_MAX};
use ledger::party::PartyCode;
use ledger::permit::commitment::SecretFile;
use ledger::permit::number::{PermitNumber, number_hash};
use ledger::permit::xml::{self, Reading};
use ledger::permit::{LineId, Permit};
use ledger::record::PermitKey;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::files::{self, Private};
use crate::trust::Pinned;

/// Bytes of anything that may be named: the largest is a secret file.
pub(crate) const INPUT_BYTES_MAX: usize = SECRET_FILE_BYTES_MAX;

/// Something to look at: its bytes, and where they came from.
#[derive(Debug)]
pub(crate) struct Input {
    /// The file; absent for stdin.
    pub(crate) path: Option<PathBuf>,
    /// Its bytes.
    pub(crate) bytes: Vec<u8>,
}

impl Input {
    /// Reads a file, or stdin for `-`.
    pub(crate) fn read(name: &str) -> Result<Self, Failure> {
        let (path, read) = if name == "-" {
            (None, files::read_from(io::stdin().lock(), INPUT_BYTES_MAX))
        } else {
            let path = PathBuf::from(name);
            let read = files::read(&path, INPUT_BYTES_MAX);
            (Some(path), read)
        };
        match read {
            Ok(bytes) => Ok(Self { path, bytes }),
            Err(error) => Err(
                Failure::new(Exit::NotAPermit, format_args!("`{name}`: {error}"))
                    .hint("name a file, - for standard input, or a permit as QS/26QS000123"),
            ),
        }
    }

    /// Whether it looks like XML: its first visible character opens an element.
    pub(crate) fn is_xml(&self) -> bool {
        let bytes = self
            .bytes
            .strip_prefix(b"\xef\xbb\xbf")
            .unwrap_or(&self.bytes);
        bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'<')
    }

    /// Reads it as a permit; all faults at once.
    pub(crate) fn permit(&self) -> Result<Reading, Failure> {
        self.read_as(xml::read)
    }

    /// Reads it as a permit that was presented: broken rules are for the verdict to weigh, not for the reader.
    pub(crate) fn presented(&self) -> Result<Reading, Failure> {
        self.read_as(xml::read_presented)
    }

    fn read_as(
        &self,
        read: fn(&[u8]) -> Result<Reading, ledger::permit::fault::PermitError>,
    ) -> Result<Reading, Failure> {
        if self.bytes.len() > XML_BYTES_MAX {
            return Err(Failure::new(
                Exit::NotAPermit,
                format_args!("more than {XML_BYTES_MAX} bytes"),
            ));
        }
        read(&self.bytes).map_err(|error| {
            let failure = not_a_permit(&error);
            if self.is_xml() {
                failure
            } else {
                failure.hint("name the permit's XML")
            }
        })
    }

    /// Reads it as a permit that is about to be issued.
    pub(crate) fn permit_to_issue(&self) -> Result<Reading, Failure> {
        let read = self.permit();
        if self.is_xml() {
            read.map_err(|failure| failure.hint("nothing was sent"))
        } else {
            read
        }
    }

    /// Where files that belong to it lie.
    pub(crate) fn folder(&self) -> PathBuf {
        let parent = self.path.as_deref().and_then(Path::parent);
        let parent = parent.filter(|folder| !folder.as_os_str().is_empty());
        parent.unwrap_or(Path::new(".")).to_owned()
    }
}

fn not_a_permit(error: &ledger::permit::fault::PermitError) -> Failure {
    let faults = error.faults.iter().map(|fault| {
        let place = fault.place.map(|place| place.to_string());
        serde_json::json!({
            "xml_line": fault.xml_line, "place": place, "code": fault.code.as_str(), "message": fault.message,
        })
    });
    let faults: Vec<_> = faults.collect();
    let mut errors: Vec<String> = error.faults.iter().map(ToString::to_string).collect();
    if error.more > 0 {
        errors.push(format!("and {} more faults", error.more));
    }
    Failure::all(Exit::NotAPermit, errors)
        .code("NOT_A_PERMIT")
        .with("faults", faults)
}

/// A permit as it is named: its issuer and number, and the document where that was given.
#[derive(Debug)]
pub(crate) struct Named {
    /// The Party that issued it.
    pub(crate) issuer: PartyCode,
    /// Its number.
    pub(crate) number: PermitNumber,
    /// The document, where one was named.
    pub(crate) document: Option<Permit>,
}

impl Named {
    /// Reads `QS/26QS000123`, or an XML file.
    pub(crate) fn read(name: &str) -> Result<Self, Failure> {
        if !is_file(name)
            && let Some(named) = Self::number(name)?
        {
            return Ok(named);
        }
        let input = Input::read(name)?;
        let permit = input.presented()?.permit;
        Self::of(permit, None)
    }

    /// `QS/26QS000123`; `None` where the text has another shape.
    pub(crate) fn number(text: &str) -> Result<Option<Self>, Failure> {
        let Some((party, number)) = text.split_once('/') else {
            return Ok(None);
        };
        let Some(issuer) = PartyCode::new(party) else {
            return Ok(None);
        };
        let number = PermitNumber::new(number)
            .map_err(|error| Failure::new(Exit::NotAPermit, format_args!("`{text}`: {error}")))?;
        Ok(Some(Self {
            issuer,
            number,
            document: None,
        }))
    }

    /// The permit that a document says it is.
    pub(crate) fn of(permit: Permit, secret: Option<&SecretFile>) -> Result<Self, Failure> {
        let issuer = permit
            .issuer()
            .or(secret.map(|file| file.issuer))
            .ok_or_else(|| {
                Failure::new(
                    Exit::NotAPermit,
                    "box 6 does not name the country of the Management Authority",
                )
                .hint("name the permit by its number instead, such as QS/26QS000123")
            })?;
        Ok(Self {
            issuer,
            number: permit.number.clone(),
            document: Some(permit),
        })
    }

    /// Its name on the ledger of `chain`.
    pub(crate) fn key(&self, chain: ChainId) -> PermitKey {
        PermitKey {
            issuer: self.issuer,
            number: number_hash(chain, self.issuer, self.number.as_str()),
        }
    }

    /// The unit of a line, as the document says.
    pub(crate) fn unit(&self, line: LineId) -> Option<Unit> {
        let document = self.document.as_ref()?;
        document.line(line).map(|line| line.authorised.unit)
    }
}

impl std::fmt::Display for Named {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.issuer, self.number)
    }
}

/// A permit that is named by Party and number, as the ledger calls it.
pub(crate) fn named_permit(name: &str, pinned: &Pinned) -> Result<PermitKey, Failure> {
    let named = Named::number(name)?.ok_or_else(|| {
        Failure::new(Exit::Usage, format_args!("`{name}` names no permit"))
            .hint("write it as PARTY/NUMBER, such as QN/26QN000007")
    })?;
    Ok(named.key(pinned.chain))
}

/// Whether a name is a file's, which then wins over a permit number of the same spelling.
pub(crate) fn is_file(name: &str) -> bool {
    name == "-" || Path::new(name).is_file()
}

/// File name of something that belongs to a permit: ASCII letters and digits, all else as `-`, so that it
/// neither hides nor leaves its folder. Two numbers may share a name; whoever writes such a file finds the
/// other's there.
pub(crate) fn file_name(number: &PermitNumber, extension: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    let stem: String = number.as_str().chars().map(plain).collect();
    format!("{stem}.{extension}")
}

/// Reads a proof file; whether it is one, its judge says.
pub(crate) fn read_proof(path: &Path) -> Result<Vec<u8>, Failure> {
    files::read(path, PROOF_BYTES_MAX).map_err(|error| {
        Failure::new(
            Exit::NotAPermit,
            format_args!("`{}`: {error}", path.display()),
        )
    })
}

/// The secret file that is named, or that lies beside the document.
pub(crate) fn secret_of(
    input: &Input,
    number: &PermitNumber,
    named: Option<&Path>,
) -> Result<Option<SecretFile>, Failure> {
    let beside = input.folder().join(file_name(number, "secret"));
    let by_stem = input
        .path
        .as_ref()
        .map(|path| path.with_extension("secret"));
    let path = match named {
        Some(path) => path.to_owned(),
        None => match [Some(beside), by_stem]
            .into_iter()
            .flatten()
            .find(|path| path.is_file())
        {
            Some(path) => path,
            None => return Ok(None),
        },
    };
    read_secret(&path).map(Some)
}

/// Reads a secret file.
pub(crate) fn read_secret(path: &Path) -> Result<SecretFile, Failure> {
    let bad = |error: &dyn std::fmt::Display| {
        Failure::new(
            Exit::NotAPermit,
            format_args!("`{}`: {error}", path.display()),
        )
        .hint("the secret file came with the permit; ask the issuing authority for it again")
    };
    let bytes = match files::read_private(path, SECRET_FILE_BYTES_MAX) {
        Ok(Private::Bytes(bytes)) => bytes,
        // It travelled: how the receiver keeps it is not for this program to refuse.
        Ok(Private::Wide(_)) => zeroize::Zeroizing::new(
            files::read(path, SECRET_FILE_BYTES_MAX).map_err(|error| bad(&error))?,
        ),
        Err(error) => return Err(bad(&error)),
    };
    SecretFile::from_bytes(&bytes).map_err(|error| bad(&format_args!("not a secret file: {error}")))
}

/// Bytes of a proof that lies beside a document, where there is one.
pub(crate) fn proof_beside(folder: &Path, number: &PermitNumber) -> Option<Vec<u8>> {
    files::read(
        &folder.join(file_name(number, "citesproof")),
        PROOF_BYTES_MAX,
    )
    .ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_number_leaves_its_folder(text in "\\PC{0,40}|[./ A-Z-]{0,20}") {
            let _named = Named::number(&text);
            if let Ok(number) = PermitNumber::new(&text) {
                let name = file_name(&number, "secret");
                prop_assert!(!name.contains(['/', '\\', '\0']) && !name.starts_with('.') && !name.contains(".."), "{name}");
            }
        }

        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let input = Input { path: None, bytes };
            let _permit = input.permit();
            let _kind = input.is_xml();
            let _secret = SecretFile::from_bytes(&input.bytes);
        }
    }

    #[test]
    fn a_permit_is_named_by_party_and_number() {
        let named = Named::number("QS/26qs000123/aa").unwrap().unwrap();
        assert_eq!(named.to_string(), "QS/26QS000123/AA");
        assert!(Named::number("26QS000123").unwrap().is_none());
        assert!(Named::number("qs/26QS000123").unwrap().is_none());
        assert_eq!(Named::number("QS/").unwrap_err().exit(), Exit::NotAPermit);
        assert_eq!(
            Named::number("QS/\u{7}").unwrap_err().exit(),
            Exit::NotAPermit
        );
    }

    #[test]
    fn a_number_makes_a_file_name_that_stays_in_its_folder() {
        for (number, expected) in [
            ("26QS000123", "26QS000123.secret"),
            ("26QS000123/AA", "26QS000123-AA.secret"),
            ("../../ETC", "------ETC.secret"),
            (".HIDDEN", "-HIDDEN.secret"),
            ("ÄÖ 7", "---7.secret"),
            ("A B", "A-B.secret"),
        ] {
            let number = PermitNumber::new(number).unwrap();
            let name = file_name(&number, "secret");
            assert_eq!(name, expected);
        }
    }
}
