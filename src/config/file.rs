//! Finds the configuration file and reads it.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy as _;
use etcetera::base_strategy::Xdg;

use super::{Config, ConfigError, Names};

/// The name that disables the configuration file.
pub const NONE: &str = "none";

/// The file for all users.
const SYSTEM_FILE: &str = "/etc/sockwatch/config.toml";

/// The variable that names a file.
const VARIABLE: &str = "SOCKWATCH_CONFIG";

/// The maximum size of a file, bytes: the sample has about ten thousand.
const MAX_BYTES: u64 = 1 << 20;

/// The possible locations of the configuration file.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    /// `SOCKWATCH_CONFIG`.
    pub file: Option<OsString>,
    /// The user's configuration directory: `XDG_CONFIG_HOME` if that is absolute, else `~/.config`.
    pub config_dir: Option<PathBuf>,
    /// The file for all users.
    pub system: PathBuf,
}

impl Environment {
    /// Returns the locations determined by the environment of this process.
    pub fn of_process() -> Environment {
        Environment {
            file: std::env::var_os(VARIABLE),
            config_dir: Xdg::new().ok().map(|user| user.config_dir()),
            system: SYSTEM_FILE.into(),
        }
    }

    /// Returns the files to try if none was named, in order; the first one that exists is used.
    pub fn candidates(&self) -> Vec<PathBuf> {
        // A relative HOME is ignored as well.
        let user = self.config_dir.as_ref().filter(|path| path.is_absolute());
        let user = user.map(|directory| directory.join("sockwatch/config.toml"));
        user.into_iter().chain([self.system.clone()]).collect()
    }
}

/// Loads the named file (`--config`), or the first file of the environment that exists. Without a file, or with
/// [`NONE`], all settings have their defaults.
///
/// # Errors
/// If a named file does not exist, or a file cannot be read or is invalid.
pub fn load(
    named: Option<&Path>,
    environment: &Environment,
    names: &Names,
) -> Result<Config, ConfigError> {
    let variable = environment.file.as_ref().filter(|file| !file.is_empty());
    let named = named.or(variable.map(Path::new));
    if let Some(path) = named {
        if path == Path::new(NONE) {
            return Ok(Config::default());
        }
        return read(path, names).map_err(|error| unreadable(path, error))?;
    }
    for path in environment.candidates() {
        match read(&path, names) {
            Ok(config) => return config,
            Err(error) if is_missing(&error) || is_out_of_reach(&path, &error) => {}
            Err(error) => return Err(unreadable(&path, error)),
        }
    }
    Ok(Config::default())
}

fn is_missing(error: &io::Error) -> bool {
    let kind = error.kind();
    kind == io::ErrorKind::NotFound || kind == io::ErrorKind::NotADirectory
}

/// Returns true if the file's existence cannot be checked: the directory belongs to another user, for example if `su`
/// kept `HOME`.
fn is_out_of_reach(path: &Path, error: &io::Error) -> bool {
    let denied = |error: &io::Error| error.kind() == io::ErrorKind::PermissionDenied;
    denied(error) && path.metadata().is_err_and(|error| denied(&error))
}

fn unreadable(path: &Path, error: io::Error) -> ConfigError {
    ConfigError::Unreadable {
        path: path.to_owned(),
        error,
    }
}

/// Reads one file. The outer error is an I/O error, the inner one an error in the contents.
fn read(path: &Path, names: &Names) -> io::Result<Result<Config, ConfigError>> {
    let mut bytes = Vec::new();
    File::open(path)?
        .take(MAX_BYTES + 1)
        .read_to_end(&mut bytes)?;
    let no_config = |why| ConfigError::NoConfig {
        path: path.to_owned(),
        why,
    };
    if bytes.len() as u64 > MAX_BYTES {
        return Ok(Err(no_config("larger than 1 MiB")));
    }
    let Ok(text) = String::from_utf8(bytes) else {
        return Ok(Err(no_config("not valid UTF-8")));
    };
    Ok(
        Config::parse(&text, names).map_err(|error| ConfigError::Invalid {
            path: path.to_owned(),
            error,
        }),
    )
}
