//! Stands in for an identity server: the files that `service.toml` names, in a folder that goes with the example.

use std::error::Error;
use std::fs;
use std::path::Path;

use tempfile::TempDir;
use wimse::jose::{Algorithm, JwkSet, SigningKey};
use wimse::{WitIssuer, WorkloadId};

pub(crate) fn files() -> Result<TempDir, Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let issuer = SigningKey::generate(Algorithm::Es256)?;
    let published = JwkSet::from(issuer.public_jwk().clone().with_kid("demo"));
    fs::write(folder.path().join("example.com.json"), published.to_string())?;

    let pem = rcgen::KeyPair::generate()?.serialize_pem();
    let own = SigningKey::from_pkcs8_pem(&pem, Algorithm::Es256)?;
    let id = WorkloadId::parse("wimse://example.com/orders")?;
    let token = WitIssuer::new(issuer, "demo").issue(&id, own.public_jwk())?;
    fs::write(folder.path().join("orders.token"), token)?;
    write_private(&folder.path().join("orders.pem"), &pem)?;
    Ok(folder)
}

fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    fs::write(path, text)?;
    #[cfg(unix)]
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    Ok(())
}
