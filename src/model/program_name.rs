//! The name by which people know a process: with the script, module or jar that an interpreter runs.
//!
//! The kernel's name of `java -jar orders.jar` is `java`. What it runs follows from the command line, which is read as the
//! interpreter reads it: options are skipped, with their values, up to the first argument that is a program. Where that is
//! not certain, there is none: an argument that looks neither like a file nor like a class is not shown as a program.

use std::borrow::Cow;

use super::process::Process;

/// How an interpreter reads its arguments.
struct Interpreter {
    /// Options whose value is the next argument.
    with_value: &'static [&'static str],
    /// Options after which no file is run: the program follows, or is read from the terminal.
    no_program: &'static [&'static str],
    /// Options whose value is the program.
    with_program: &'static [&'static str],
    /// Subcommands before the program.
    subcommands: &'static [&'static str],
    /// True if the program is a class.
    is_class: bool,
}

const NONE: Interpreter = Interpreter {
    with_value: &[],
    no_program: &[],
    with_program: &[],
    subcommands: &[],
    is_class: false,
};

const PYTHON: Interpreter = Interpreter {
    with_value: &["-W", "-X", "-Q", "--check-hash-based-pycs"],
    no_program: &["-c", "-"],
    with_program: &["-m"],
    ..NONE
};

const JAVA: Interpreter = Interpreter {
    with_value: &[
        "-cp",
        "-classpath",
        "--class-path",
        "-p",
        "--module-path",
        "--upgrade-module-path",
        "--add-modules",
        "--add-opens",
        "--add-exports",
        "--add-reads",
        "--limit-modules",
        "--patch-module",
        "--enable-native-access",
        "--source",
    ],
    with_program: &["-jar", "-m", "--module"],
    is_class: true,
    ..NONE
};

const JAVASCRIPT: Interpreter = Interpreter {
    with_value: &[
        "-r",
        "--require",
        "--import",
        "--loader",
        "--experimental-loader",
        "-C",
        "--conditions",
        "--title",
        "--cwd",
    ],
    no_program: &["-e", "--eval", "-p", "--print", "-pe", "-"],
    subcommands: &["run"],
    ..NONE
};

const RUBY: Interpreter = Interpreter {
    with_value: &["-I", "-r", "-C", "-E", "-F"],
    no_program: &["-e", "-"],
    ..NONE
};

const PERL: Interpreter = Interpreter {
    with_value: &["-I"],
    no_program: &["-e", "-E", "-ne", "-pe", "-"],
    ..NONE
};

const PHP: Interpreter = Interpreter {
    with_value: &["-d", "-c", "-z"],
    no_program: &["-r", "-R", "-S", "-a", "-"],
    with_program: &["-f"],
    ..NONE
};

const SHELL: Interpreter = Interpreter {
    with_value: &["-o", "+o", "-O", "+O", "--rcfile", "--init-file"],
    no_program: &["-c", "-s", "-"],
    ..NONE
};

const DOTNET: Interpreter = Interpreter {
    with_value: &[
        "--additionalprobingpath",
        "--depsfile",
        "--runtimeconfig",
        "--fx-version",
    ],
    subcommands: &["exec"],
    ..NONE
};

/// Returns how a program reads its arguments, if it is an interpreter. Versions follow its name: `python3.11`, `php8.2`.
fn interpreter(name: &str) -> Option<&'static Interpreter> {
    let stem = name.trim_end_matches(|c: char| c.is_ascii_digit() || matches!(c, '.' | '-' | 'm'));
    Some(match stem {
        "python" | "pypy" => &PYTHON,
        "java" => &JAVA,
        "node" | "nodejs" | "deno" | "bun" => &JAVASCRIPT,
        "ruby" => &RUBY,
        "perl" => &PERL,
        "php" => &PHP,
        "sh" | "bash" | "dash" | "zsh" | "ksh" | "ash" => &SHELL,
        "dotnet" => &DOTNET,
        _ => return None,
    })
}

/// Names that an interpreter gives to its first thread.
const THREAD_NAMES: [&str; 2] = ["MainThread", "node-MainThread"];

impl Process {
    /// Returns its name with what it runs, if it is an interpreter: `java orders.jar`, `python3 app.py`; or else the whole
    /// name, as far as the command line has it.
    pub fn program_name(&self) -> Cow<'_, str> {
        self.run_by_interpreter().map_or_else(
            || Cow::Borrowed(self.full_name().unwrap_or(&self.comm)),
            |(interpreter, program)| Cow::Owned(format!("{interpreter} {program}")),
        )
    }

    /// Returns the interpreter and the program that it runs.
    fn run_by_interpreter(&self) -> Option<(&str, &str)> {
        let mut arguments = self.command_line.split(' ').filter(|word| !word.is_empty());
        let name = base_name(arguments.next()?);
        let reads = interpreter(name)?;
        // The kernel has the name of a script that was started by itself, and a process may rename itself.
        if name != self.comm && !THREAD_NAMES.contains(&self.comm.as_str()) {
            return None;
        }
        Some((name, reads.program(arguments)?))
    }
}

impl Interpreter {
    /// Finds the program among the arguments.
    fn program<'a>(&self, mut arguments: impl Iterator<Item = &'a str>) -> Option<&'a str> {
        let mut is_first = true;
        while let Some(argument) = arguments.next() {
            if self.no_program.contains(&argument) {
                return None;
            }
            if self.with_program.contains(&argument) {
                return arguments.next().map(base_name).filter(|name| is_name(name));
            }
            if self.with_value.contains(&argument) {
                arguments.next()?;
            } else if self.subcommands.contains(&argument) && is_first {
                continue;
            } else if !argument.starts_with(['-', '+', '@']) {
                return self.as_program(argument, is_first);
            }
            is_first = false;
        }
        None
    }

    /// Returns the program that an argument names, if it looks like one.
    fn as_program<'a>(&self, argument: &'a str, is_first: bool) -> Option<&'a str> {
        if self.is_class {
            // After options, a word without a package may belong to the value of one with spaces.
            let is_certain = is_first || argument.contains('.');
            return (is_certain && is_class(argument)).then_some(argument);
        }
        if !argument.contains(['/', '.']) {
            return None;
        }
        // A program in a directory, whose file has the same name everywhere.
        let directory = argument
            .strip_suffix("/__main__.py")
            .filter(|directory| !directory.is_empty());
        Some(base_name(directory.unwrap_or(argument))).filter(|name| is_name(name))
    }
}

/// Returns the last component of a path.
fn base_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn is_name(name: &str) -> bool {
    name.chars().any(char::is_alphanumeric) && !name.starts_with('-')
}

fn is_class(name: &str) -> bool {
    name.split('.').all(|part| {
        let mut letters = part.chars();
        letters
            .next()
            .is_some_and(|c| c.is_alphabetic() || c == '_')
            && letters.all(|c| c.is_alphanumeric() || matches!(c, '_' | '$'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ProcessKey;

    fn name(comm: &str, command_line: &str) -> String {
        let process = Process {
            comm: comm.to_owned(),
            command_line: command_line.to_owned(),
            ..Process::new(ProcessKey {
                pid: 1,
                start_time: 1,
            })
        };
        process.program_name().into_owned()
    }

    #[test]
    fn an_interpreter_is_named_with_what_it_runs() {
        for (comm, command_line, expected) in [
            ("python3", "python3 app.py --port 80", "python3 app.py"),
            (
                "python3",
                "/usr/bin/python3 -u -W ignore /srv/shop/app.py",
                "python3 app.py",
            ),
            (
                "python3.11",
                "python3.11 -m http.server 8000",
                "python3.11 http.server",
            ),
            (
                "python3",
                "python3 -OO /srv/shop/__main__.py",
                "python3 shop",
            ),
            ("java", "java -jar orders.jar", "java orders.jar"),
            (
                "java",
                "/opt/jdk/bin/java -Xmx1g -cp a.jar:b.jar -Dx=y org.example.Main serve",
                "java org.example.Main",
            ),
            (
                "java",
                "java --add-opens java.base/java.lang=ALL-UNNAMED -jar /srv/orders.jar x",
                "java orders.jar",
            ),
            ("java", "java Main", "java Main"),
            (
                "node",
                "node --require ./trace.js server.js",
                "node server.js",
            ),
            ("node", "node /srv/api/dist/index.mjs", "node index.mjs"),
            ("MainThread", "node server.js", "node server.js"),
            ("bun", "bun run src/server.ts", "bun server.ts"),
            ("ruby", "ruby -I lib bin/work.rb", "ruby work.rb"),
            ("perl", "perl -w -T /usr/sbin/spamd.pl -d", "perl spamd.pl"),
            (
                "php8.2",
                "php8.2 -d a=b -f /srv/worker.php",
                "php8.2 worker.php",
            ),
            ("bash", "bash -eu -o pipefail ./serve.sh", "bash serve.sh"),
            ("dotnet", "dotnet exec Shop.Api.dll", "dotnet Shop.Api.dll"),
        ] {
            assert_eq!(name(comm, command_line), expected, "{command_line}");
        }
    }

    #[test]
    fn what_is_not_certain_is_not_shown() {
        for (comm, command_line, expected) in [
            ("nginx", "nginx: worker process", "nginx"),
            ("python3", "", "python3"),
            ("python3", "python3", "python3"),
            ("python3", "python3 -c import os; os.run('x.py')", "python3"),
            ("python3", "python3 -", "python3"),
            ("python3", "python3 -m", "python3"),
            ("bash", "bash -c ./serve.sh", "bash"),
            ("bash", "-bash", "bash"),
            ("node", "node -e require('./x.js')", "node"),
            ("perl", "perl -ne print.x", "perl"),
            ("java", "java -Dtitle=My App -Xmx1g", "java"),
            ("java", "java @options", "java"),
            ("php", "php -S 0.0.0.0:80 router.php", "php"),
            // The kernel has the script's name, as it was started by itself.
            ("app.py", "/usr/bin/python3 /srv/app.py", "app.py"),
            (
                "gunicorn",
                "/usr/bin/python3 /usr/bin/gunicorn app:app",
                "gunicorn",
            ),
            // A redacted recording.
            ("java", "java arguments-3", "java"),
            ("python3", "python3 arguments-3", "python3"),
            (
                "prometheus-node",
                "/usr/bin/prometheus-node-exporter --web",
                "prometheus-node-exporter",
            ),
        ] {
            assert_eq!(name(comm, command_line), expected, "{command_line}");
        }
    }
}
