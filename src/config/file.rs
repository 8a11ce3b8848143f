//! Which file it is, and what is in it.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use super::{Config, ConfigError};

/// What is written in place of a file's name to go without any.
pub const NONE: &str = "none";

/// The file of the whole machine.
const SYSTEM: &str = "/etc/sockwatch/config.toml";

/// The variable that names a file.
const VARIABLE: &str = "SOCKWATCH_CONFIG";

/// The most bytes of a file: the sample has some ten thousand.
const MOST_BYTES: u64 = 1 << 20;

/// What decides where the configuration is.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    /// `SOCKWATCH_CONFIG`.
    pub file: Option<OsString>,
    /// `XDG_CONFIG_HOME`.
    pub config_home: Option<OsString>,
    /// `HOME`.
    pub home: Option<OsString>,
    /// The file of the whole machine.
    pub system: PathBuf,
}

impl Environment {
    /// That of this process.
    pub fn of_process() -> Environment {
        Environment {
            file: std::env::var_os(VARIABLE),
            config_home: std::env::var_os("XDG_CONFIG_HOME"),
            home: std::env::var_os("HOME"),
            system: SYSTEM.into(),
        }
    }

    /// Where a file may be if nobody named one, the first that is there counts.
    fn places(&self) -> Vec<PathBuf> {
        let folder = |name: &Option<OsString>| {
            // A relative folder does not count (XDG base directories).
            let path = name.as_ref().map(PathBuf::from);
            path.filter(|path| path.is_absolute())
        };
        let home = || folder(&self.home).map(|home| home.join(".config"));
        let user = folder(&self.config_home).or_else(home);
        let user = user.map(|folder| folder.join("sockwatch/config.toml"));
        user.into_iter().chain([self.system.clone()]).collect()
    }
}

/// Loads the file that was asked for (`--config`), or the one that the environment leads to. Without any, or with
/// [`NONE`], all is as by default.
///
/// # Errors
/// If a file that was named is not there; if a file cannot be read; if something in it is wrong.
pub fn load(asked: Option<&Path>, environment: &Environment) -> Result<Config, ConfigError> {
    let variable = environment.file.as_ref().filter(|file| !file.is_empty());
    let named = asked.or(variable.map(Path::new));
    if let Some(path) = named {
        if path == Path::new(NONE) {
            return Ok(Config::default());
        }
        return read(path).map_err(|error| unreadable(path, error))?;
    }
    for path in environment.places() {
        match read(&path) {
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

/// Whether it cannot even be told if there is a file: the folder is somebody else's, as where `HOME` was kept by whoever
/// changed the user.
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

/// Reads one file. The outer error is that of reading.
fn read(path: &Path) -> io::Result<Result<Config, ConfigError>> {
    let mut bytes = Vec::new();
    File::open(path)?
        .take(MOST_BYTES + 1)
        .read_to_end(&mut bytes)?;
    let no_config = |why| ConfigError::NoConfig {
        path: path.to_owned(),
        why,
    };
    if bytes.len() as u64 > MOST_BYTES {
        return Ok(Err(no_config("larger than any configuration, 1 MiB")));
    }
    let Ok(text) = String::from_utf8(bytes) else {
        return Ok(Err(no_config("not a text in UTF-8")));
    };
    Ok(Config::parse(&text).map_err(|wrong| ConfigError::Wrong {
        path: path.to_owned(),
        wrong,
    }))
}
