//! Office keys as encrypted PKCS#8 files (RFC 5958, PBES2 with scrypt and AES-256-CBC), which `openssl pkey`
//! reads too. Passwords come from a file or a terminal, never from the command line.

use std::io::{self, IsTerminal as _};
use std::path::Path;

use ledger::key::SecretKey;
use pkcs8::der::asn1::OctetStringRef;
use pkcs8::der::pem::PemLabel as _;
use pkcs8::der::{Decode as _, Encode as _};
use pkcs8::pkcs5::pbes2;
use pkcs8::pkcs5::scrypt::Params;
use pkcs8::{
    AlgorithmIdentifierRef, EncryptedPrivateKeyInfo, LineEnding, ObjectIdentifier, PrivateKeyInfo,
    SecretDocument,
};
use zeroize::Zeroizing;

use crate::desk::Desk;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::files::{self, Existing, Private, Readers};

/// Ed25519 (RFC 8410).
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
/// A key file has 500 bytes; a longer file is something else.
const KEY_FILE_BYTES_MAX: usize = 16 * 1024;
/// Longest password.
const PASSWORD_BYTES_MAX: usize = 1024;
/// Shortest password of a new key: the file may be copied and tried at leisure.
const PASSWORD_CHARS_MIN: usize = 8;
/// scrypt with 2^14 · 8 · 5: the cost that OWASP recommends within 16 MiB, and all that OpenSSL's default
/// limit of 32 MiB reads.
const SCRYPT_LOG_N: u8 = 14;
const SCRYPT_R: u32 = 8;
const SCRYPT_P: u32 = 5;
/// A file that asks for more than this would only keep the machine busy.
const SCRYPT_BYTES_MAX: u64 = 256 * 1024 * 1024;
const SCRYPT_P_MAX: u32 = 16;
const PBKDF2_ROUNDS_MAX: u32 = 10_000_000;

/// Writes a key, encrypted, for its owner only. An existing file is never overwritten.
pub(crate) fn save(
    desk: &Desk,
    path: &Path,
    key: &SecretKey,
    password: &[u8],
) -> Result<(), Failure> {
    let broken = |error: &dyn std::fmt::Display| {
        Failure::new(
            Exit::Failed,
            format_args!("cannot encrypt the key: {error}"),
        )
    };
    let seed = Zeroizing::new(key.to_seed());
    let octets = OctetStringRef::new(seed.as_slice()).and_then(|inner| inner.to_der());
    let octets = Zeroizing::new(octets.map_err(|error| broken(&error))?);
    let algorithm = AlgorithmIdentifierRef {
        oid: ED25519,
        parameters: None,
    };
    let (salt, iv): ([u8; 16], [u8; 16]) = (desk.random()?, desk.random()?);
    let params =
        Params::new(SCRYPT_LOG_N, SCRYPT_R, SCRYPT_P, 32).map_err(|error| broken(&error))?;
    let scheme =
        pbes2::Parameters::scrypt_aes256cbc(params, &salt, &iv).map_err(|error| broken(&error))?;
    let document = PrivateKeyInfo::new(algorithm, &octets)
        .encrypt_with_params(scheme, password)
        .map_err(|error| broken(&error))?;
    let text = document
        .to_pem(EncryptedPrivateKeyInfo::PEM_LABEL, LineEnding::LF)
        .map_err(|error| broken(&error))?;
    files::write(path, text.as_bytes(), Readers::Owner, Existing::Keep).map_err(|error| {
        if error.kind() == io::ErrorKind::AlreadyExists {
            Failure::new(
                Exit::Usage,
                format_args!("`{}` is there already", path.display()),
            )
            .hint("choose another name; a key is never overwritten")
        } else {
            files::unwritten(path, &error)
        }
    })
}

/// Opens a key file with its password.
pub(crate) fn load(desk: &Desk, path: &Path) -> Result<SecretKey, Failure> {
    let text = read(path)?;
    let document = decode(path, &text)?;
    let info = EncryptedPrivateKeyInfo::from_der(document.as_bytes()).map_err(|_| no_key(path))?;
    check_cost(path, &info)?;
    let password = password(desk, &format!("Password of {}: ", path.display()))?;
    let opened = info.decrypt(password.as_slice()).map_err(|_| {
        Failure::new(
            Exit::Key,
            format_args!(
                "`{}` does not open: wrong password, or the file is damaged",
                path.display()
            ),
        )
        .code("KEY_LOCKED")
    })?;
    let inner = PrivateKeyInfo::from_der(opened.as_bytes()).map_err(|_| no_key(path))?;
    if inner.algorithm.oid != ED25519 {
        return Err(no_key(path));
    }
    let seed = OctetStringRef::from_der(inner.private_key).map_err(|_| no_key(path))?;
    let seed: &[u8; 32] = seed.as_bytes().try_into().map_err(|_| no_key(path))?;
    Ok(SecretKey::from_seed(seed))
}

fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, Failure> {
    match files::read_private(path, KEY_FILE_BYTES_MAX) {
        Ok(Private::Bytes(bytes)) => Ok(bytes),
        Ok(Private::Wide(mode)) => Err(Failure::new(
            Exit::Key,
            format_args!("`{}` may be used by others (mode {mode:03o})", path.display()),
        )
        .code("KEY_NOT_PRIVATE")
        .hint(format_args!("chmod 600 {}; if others may have copied it, have the office make a new key", path.display()))),
        Err(error) => Err(Failure::new(Exit::Key, format_args!("`{}`: {error}", path.display()))
            .code("KEY_MISSING")
            .hint("name the office's key with --key FILE or CITES_KEY; make one with: cites key new --out FILE")),
    }
}

fn decode(path: &Path, bytes: &[u8]) -> Result<SecretDocument, Failure> {
    let text = std::str::from_utf8(bytes).map_err(|_| no_key(path))?;
    match SecretDocument::from_pem(text) {
        Ok((label, document)) if label == EncryptedPrivateKeyInfo::PEM_LABEL => Ok(document),
        Ok((label, _)) if label == PrivateKeyInfo::PEM_LABEL => Err(Failure::new(
            Exit::Key,
            format_args!("`{}` is not encrypted", path.display()),
        )
        .hint("openssl pkcs8 -topk8 -scrypt -in FILE -out ENCRYPTED")),
        Ok(_) | Err(_) => Err(no_key(path)),
    }
}

/// Before anything is computed: a hostile file must not ask for all the memory.
fn check_cost(path: &Path, info: &EncryptedPrivateKeyInfo<'_>) -> Result<(), Failure> {
    let scheme = info
        .encryption_algorithm
        .pbes2()
        .ok_or_else(|| no_key(path))?;
    let is_modest = match &scheme.kdf {
        pbes2::Kdf::Scrypt(scrypt) => {
            let bytes = scrypt
                .cost_parameter
                .checked_mul(u64::from(scrypt.block_size))
                .and_then(|product| product.checked_mul(128));
            bytes.is_some_and(|bytes| bytes <= SCRYPT_BYTES_MAX)
                && u32::from(scrypt.parallelization) <= SCRYPT_P_MAX
        }
        pbes2::Kdf::Pbkdf2(pbkdf2) => pbkdf2.iteration_count <= PBKDF2_ROUNDS_MAX,
        _ => false,
    };
    if is_modest {
        Ok(())
    } else {
        Err(Failure::new(
            Exit::Key,
            format_args!("`{}` asks for too much work to be opened", path.display()),
        ))
    }
}

fn no_key(path: &Path) -> Failure {
    Failure::new(
        Exit::Key,
        format_args!("`{}` is not an encrypted Ed25519 key", path.display()),
    )
    .code("KEY_MISSING")
    .hint("make one with: cites key new --out FILE")
}

/// The password of an existing key.
fn password(desk: &Desk, prompt: &str) -> Result<Zeroizing<Vec<u8>>, Failure> {
    if let Some(path) = &desk.flags.password_file {
        return password_from(path);
    }
    if !io::stdin().is_terminal() {
        return Err(Failure::new(
            Exit::Key,
            "the key is locked, and there is no terminal to ask for its password",
        )
        .code("KEY_LOCKED")
        .hint("name a file that holds it: --password-file FILE or CITES_PASSWORD_FILE"));
    }
    prompt_for(prompt)
}

/// The password of a new key: from a file, or typed twice.
pub(crate) fn new_password(desk: &Desk) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let chosen = password(desk, "Password of the new key: ")?;
    let length = std::str::from_utf8(&chosen).map_or(chosen.len(), |text| text.chars().count());
    if length < PASSWORD_CHARS_MIN {
        return Err(Failure::new(
            Exit::Key,
            format_args!("a password has at least {PASSWORD_CHARS_MIN} characters"),
        )
        .hint("several words in a row are easy to remember and hard to guess"));
    }
    if desk.flags.password_file.is_none() && prompt_for("The same again: ")? != chosen {
        return Err(Failure::new(Exit::Key, "the two passwords differ")
            .hint("nothing was written; try again"));
    }
    Ok(chosen)
}

fn prompt_for(prompt: &str) -> Result<Zeroizing<Vec<u8>>, Failure> {
    rpassword::prompt_password(crate::print::plain(prompt))
        .map(|text| Zeroizing::new(text.into_bytes()))
        .map_err(|error| {
            Failure::new(
                Exit::Key,
                format_args!("cannot ask for the password: {error}"),
            )
        })
}

/// The first line of the file.
fn password_from(path: &Path) -> Result<Zeroizing<Vec<u8>>, Failure> {
    match files::read_private(path, PASSWORD_BYTES_MAX) {
        Ok(Private::Bytes(bytes)) => {
            let line = bytes
                .split(|byte| matches!(byte, b'\n' | b'\r'))
                .next()
                .unwrap_or_default();
            Ok(Zeroizing::new(line.to_vec()))
        }
        Ok(Private::Wide(mode)) => Err(Failure::new(
            Exit::Key,
            format_args!(
                "`{}` may be read by others (mode {mode:03o})",
                path.display()
            ),
        )
        .hint(format_args!("chmod 600 {}", path.display()))),
        Err(error) => Err(
            Failure::new(Exit::Key, format_args!("`{}`: {error}", path.display()))
                .code("KEY_LOCKED")
                .hint("name the file that holds the key's password"),
        ),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// As `cites key new` wrote it, with the password `specimen`; nobody ever used the key.
    const SPECIMEN: &str = include_str!("../tests/specimen.pem");

    /// All that is done with a file's bytes before its password is asked for.
    fn examine(bytes: &[u8]) -> Result<(), Failure> {
        let path = Path::new("k.pem");
        let document = decode(path, bytes)?;
        let info =
            EncryptedPrivateKeyInfo::from_der(document.as_bytes()).map_err(|_| no_key(path))?;
        check_cost(path, &info)
    }

    #[test]
    fn the_specimen_is_sound() {
        examine(SPECIMEN.as_bytes()).unwrap();
    }

    proptest! {
        #[test]
        fn no_damage_to_a_key_file_panics(place in 0..SPECIMEN.len(), byte in any::<u8>(), end in 0..SPECIMEN.len()) {
            let mut bytes = SPECIMEN.as_bytes().to_vec();
            bytes[place] = byte;
            let _damaged = examine(&bytes);
            bytes.truncate(end);
            prop_assert!(examine(&bytes).is_err() || end + 2 > SPECIMEN.len());
        }

        #[test]
        fn no_damage_within_the_encoding_panics(place in 0..160_usize, byte in any::<u8>()) {
            let (_, document) = SecretDocument::from_pem(SPECIMEN).unwrap();
            let mut der = document.as_bytes().to_vec();
            if let Some(at) = der.get_mut(place) {
                *at = byte;
            }
            if let Ok(info) = EncryptedPrivateKeyInfo::from_der(&der) {
                let _cost = check_cost(Path::new("k.pem"), &info);
            }
        }
    }
}
