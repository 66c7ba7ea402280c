//! The README's examples, run as they are printed. Only the ports are other ones.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use e2e::stack::Stack;
use e2e::{programs, sockets};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;
use tokio::time::timeout;

/// How long a program may run.
const ENDS_WITHIN: Duration = Duration::from_mins(1);

#[tokio::test]
async fn the_quick_start() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let place = Place::new(&stack)?;
    let output = place.run("bash", &["-eu", "-o", "pipefail"], "start.sh", &block("## Quick start", "sh")?).await?;
    for text in ["Hello, Alice!", "Hi! Are you open today?", "Message sent successfully"] {
        ensure!(output.contains(text), "{text:?} is missing: {output}");
    }
    let alice = "6281200000202";
    let history = stack.api.texts("shop", alice).await?;
    assert_eq!(history.last().map(String::as_str), Some("Hello, Alice!"));

    // Then the listener, while Alice writes again.
    place.write("listen.mjs", &block("## Quick start", "js")?)?;
    let mut node = place.command("node").arg("listen.mjs").stdout(Stdio::piped()).spawn()?;
    let mut lines = BufReader::new(node.stdout.take().context("a pipe")?).lines();
    let heard = async {
        loop {
            stack.phones.send(alice, "6281200000201", "Do you hear me?").await?;
            // It prints nothing before its first message: until then nobody knows that it listens.
            if let Ok(line) = timeout(Duration::from_millis(500), lines.next_line()).await {
                return line?.context("it ended");
            }
        }
    };
    let line = timeout(ENDS_WITHIN, heard).await??;
    ensure!(line.ends_with("Alice Do you hear me?"), "{line}");
    node.kill().await?;
    stack.stop().await
}

#[tokio::test]
async fn the_clients() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let place = Place::new(&stack)?;
    let alice = stack.phones.create("Alice").await?;

    let javascript = block("### Node.js client", "javascript")?;
    let create = "createSession('shop').then((answer) => console.log(JSON.stringify(answer)));";
    let output = place.run("node", &[], "create.cjs", &format!("{javascript}\n{create}\n")).await?;
    ensure!(output.contains("\"status\":\"qr_ready\"") && output.contains("data:image/png;base64,"), "{output}");
    let shop = stack.phones.create("Shop").await?;
    stack.phones.scan(&shop.number, &stack.api.qr_code("shop").await?).await?;
    stack.api.wait_until_connected("shop").await?;
    let send = format!(
        "sendMessage('shop', '{}', 'from Node').then((answer) => console.log(JSON.stringify(answer)));",
        alice.number
    );
    let output = place.run("node", &[], "send.cjs", &format!("{javascript}\n{send}\n")).await?;
    ensure!(output.contains("\"success\":true"), "{output}");
    stack.phones.wait_for_text(&alice.number, "from Node").await?;

    let python = block("### Python client", "python")?;
    let calls = format!(
        "print(create_session('second')['data']['status'])\nprint(send_message('shop', '{}', 'from Python'))",
        alice.number
    );
    let output = place.run("python3", &[], "client.py", &format!("{python}\n{calls}\n")).await?;
    ensure!(output.starts_with("qr_ready") && output.contains("'success': True"), "{output}");
    stack.phones.wait_for_text(&alice.number, "from Python").await?;
    stack.stop().await
}

#[tokio::test]
async fn what_the_program_prints_when_it_starts() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let place = Place::new(&stack)?;
    let output = stack.output()?;
    let (_, hints) = output.split_once("write to the contact:").context("the hints are missing")?;
    let commands: Vec<&str> = hints.lines().filter(|line| line.starts_with("  ")).collect();
    ensure!(commands.len() > 4, "{hints}");
    let output = place.run("bash", &["-eu", "-o", "pipefail"], "hints.sh", &commands.join("\n")).await?;
    ensure!(output.contains("Message sent successfully") && output.contains("\"text\":\"Hello\""), "{output}");
    stack.stop().await
}

/// The first block of a language after a heading of the README.
fn block(heading: &str, language: &str) -> anyhow::Result<String> {
    let readme = std::fs::read_to_string(programs::project().join("README.md"))?;
    let missing = || format!("{heading} has no {language}");
    let (_, section) = readme.split_once(&format!("\n{heading}\n")).with_context(missing)?;
    let (_, rest) = section.split_once(&format!("\n```{language}\n")).with_context(missing)?;
    let (text, _) = rest.split_once("\n```").with_context(missing)?;
    Ok(text.to_owned())
}

/// A folder to run programs in, with the npm packages at hand.
struct Place {
    folder: TempDir,
    /// What stands in the README, and what to say instead.
    addresses: [(&'static str, String); 2],
}

impl Place {
    fn new(stack: &Stack) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        std::os::unix::fs::symlink(sockets::ensure_packages()?, folder.path().join("node_modules"))?;
        let addresses = [
            ("http://localhost:3000", stack.api.base().to_owned()),
            ("http://localhost:3002", stack.phones.base().to_owned()),
        ];
        Ok(Self { folder, addresses })
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn write(&self, file: &str, text: &str) -> anyhow::Result<()> {
        let text = self.addresses.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to));
        Ok(std::fs::write(self.path().join(file), text)?)
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.path()).kill_on_drop(true);
        command
    }

    /// Runs a program, which must succeed, and returns what it printed.
    async fn run(&self, program: &str, options: &[&str], file: &str, text: &str) -> anyhow::Result<String> {
        self.write(file, text)?;
        let output = self.command(program).args(options).arg(file).output();
        let output = timeout(ENDS_WITHIN, output).await.with_context(|| format!("{file} does not end"))??;
        let (out, error) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        ensure!(output.status.success(), "{file}: {}\n{out}\n{error}", output.status);
        Ok(out.into_owned())
    }
}
