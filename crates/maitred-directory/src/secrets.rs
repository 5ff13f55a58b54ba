//! The server's own secret: one file of 32 random bytes, from which a key per purpose is derived.

use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Read as _, Write as _};
use std::path::Path;

use anyhow::{Context as _, bail};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use maitred_store::audit::hex;
use sha2::Sha256;

/// Name of the file within the data directory.
pub const FILE: &str = "secret.key";

const LENGTH: usize = 32;

/// HMAC-SHA256 of `parts`, one after the other. Parts are not told apart: the callers' forms are unambiguous.
pub(crate) fn mac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    // The error is for algorithms that want keys of one length; HMAC takes any. Such a key would make nothing match.
    let Ok(mut mac) = <Hmac<Sha256> as Mac>::new_from_slice(key) else {
        return [0; 32];
    };
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// HMAC-SHA256 with its key taken in, for those who need it often: a clone is ready for what comes behind `start`.
pub(crate) fn keyed(key: &[u8; 32], start: &[u8]) -> Hmac<Sha256> {
    // HMAC takes a key of any length; the fallback keeps this function total.
    let mut mac =
        <Hmac<Sha256> as Mac>::new_from_slice(key).unwrap_or_else(|_| Hmac::new(&Default::default()));
    mac.update(start);
    mac
}

/// Fresh secret bytes.
pub(crate) fn random<const N: usize>() -> anyhow::Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| anyhow::anyhow!("no randomness: {error}"))?;
    Ok(bytes)
}

/// 32 fresh secret bytes as 43 characters of base64url.
pub(crate) fn random_text() -> anyhow::Result<String> {
    Ok(URL_SAFE_NO_PAD.encode(random::<LENGTH>()?))
}

/// Keys for one purpose each. Whoever learns one learns nothing about the others.
#[derive(Clone)]
pub struct Secrets {
    pub(crate) key_hash: [u8; 32],
    pub(crate) session: [u8; 32],
    pub(crate) handle: [u8; 32],
    confirm: [u8; 32],
    audit: [u8; 32],
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets")
    }
}

impl Secrets {
    /// The keys derived from a master secret: the same on every node that has it.
    pub fn from_master(master: &[u8; 32]) -> Self {
        let derive = |purpose: &str| mac(master, &[b"maitred/1/", purpose.as_bytes()]);
        Self {
            key_hash: derive("key-hash"),
            session: derive("session"),
            handle: derive("handle"),
            confirm: derive("confirm"),
            audit: derive("audit"),
        }
    }

    /// Reads `secret.key` in the data directory, or makes it at the first boot: complete or not at all, readable for
    /// its owner only. Of two processes that make it at once, one wins and both use the same.
    ///
    /// # Errors
    /// When the file cannot be read or made, has not exactly 32 bytes, or is open to everybody on the machine.
    pub fn load_or_create(directory: &Path) -> anyhow::Result<Self> {
        let path = directory.join(FILE);
        if !path.try_exists().with_context(|| format!("cannot look for `{}`", path.display()))? {
            fs::create_dir_all(directory)
                .with_context(|| format!("cannot make the directory `{}`", directory.display()))?;
            create(directory, &path)?;
        }
        let master = read(&path)?;
        Ok(Self::from_master(&master))
    }

    /// The keys that dispatch wants: for previews and for the audit trail.
    pub fn for_dispatch(&self) -> maitred_core::dispatch::Secrets {
        maitred_core::dispatch::Secrets { confirm: self.confirm, audit: self.audit }
    }

    /// What tells this secret from others, and nothing else about it.
    pub(crate) fn mark(&self) -> String {
        hex(&mac(&self.handle, &[b"mark of the secret"]))
    }

    /// The key that chains the audit trail, for those who verify it.
    pub fn audit(&self) -> &[u8; 32] {
        &self.audit
    }
}

fn create(directory: &Path, path: &Path) -> anyhow::Result<()> {
    let master = random::<LENGTH>()?;
    let unique = URL_SAFE_NO_PAD.encode(random::<9>()?);
    let draft = directory.join(format!(".{FILE}.{unique}"));
    let context = || format!("cannot make `{}`", path.display());
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let written = options.open(&draft).and_then(|mut file| {
        file.write_all(&master)?;
        file.sync_all()
    });
    // A link, unlike a renaming, fails when somebody else was faster: nobody's secret is ever replaced.
    let linked = written.and_then(|()| match fs::hard_link(&draft, path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        other => other,
    });
    let removed = fs::remove_file(&draft);
    linked.with_context(context)?;
    removed.with_context(|| format!("cannot remove `{}`", draft.display()))?;
    #[cfg(unix)]
    fs::File::open(directory).and_then(|directory| directory.sync_all()).with_context(context)?;
    Ok(())
}

fn read(path: &Path) -> anyhow::Result<[u8; LENGTH]> {
    let file = fs::File::open(path).with_context(|| format!("cannot read `{}`", path.display()))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = file
            .metadata()
            .with_context(|| format!("cannot look at `{}`", path.display()))?
            .permissions()
            .mode();
        if mode & 0o007 != 0 {
            bail!(
                "`{}` is open to everybody on this machine (mode {:04o}): take the rights of others away, and \
                 make new keys if somebody may have read it",
                path.display(),
                mode & 0o7777
            );
        }
    }
    let mut bytes = Vec::with_capacity(LENGTH + 1);
    file.take(LENGTH as u64 + 1)
        .read_to_end(&mut bytes)
        .with_context(|| format!("cannot read `{}`", path.display()))?;
    let secret = <[u8; LENGTH]>::try_from(bytes.as_slice())
        .map_err(|_| anyhow::anyhow!("`{}` has not exactly {LENGTH} bytes", path.display()))?;
    if guessable(&secret) {
        bail!(
            "`{}` was not made by chance: remove it, and the next start makes a good one (keys have to be made anew)",
            path.display()
        );
    }
    Ok(secret)
}

/// True for what somebody typed or left at its default: text, or a few bytes over and over. Chance makes such a secret
/// once in ten million million times.
fn guessable(secret: &[u8; LENGTH]) -> bool {
    let distinct: std::collections::BTreeSet<u8> = secret.iter().copied().collect();
    distinct.len() < 16 || secret.iter().all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace())
}
