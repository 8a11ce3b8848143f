//! Bytes as a configuration file: loaded, validated, and written again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sockwatch::config::{Config, ConfigError, Environment, load};
use sockwatch_fuzz::{memory_file, messages};

fuzz_target!(|bytes: &[u8]| {
    let path = memory_file::with_contents(bytes);
    let names = sockwatch::tui::names();
    match load(Some(&path), &Environment::default(), &names) {
        Ok(config) => {
            let text = toml::to_string(&config).expect("it can be written");
            assert_eq!(Config::parse(&text, &names).as_ref(), Ok(&config), "{text}");
        }
        Err(error) => {
            messages::check(&error);
            if let ConfigError::Invalid { error, .. } = &error
                && let Some((line, column)) = error.place
            {
                let text = str::from_utf8(bytes).expect("it was read as text");
                let line = text.split('\n').nth(line - 1).expect("a line of the text");
                assert!(column <= line.chars().count() + 1, "{error}");
            }
        }
    }
});
