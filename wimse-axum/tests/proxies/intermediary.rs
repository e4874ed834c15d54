//! Real proxies, each a child process of its own between a client and a service, ended with the test.

use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;
use std::{env, fs, thread};

use http::Version;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};

/// Which proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Program {
    Nginx,
    Haproxy,
    Apache,
}

impl Program {
    /// The binary, Debian's package of it, and the template of its configuration in `interop/proxies`.
    fn names(self) -> [&'static str; 3] {
        match self {
            Self::Nginx => ["nginx", "nginx", "nginx.conf"],
            Self::Haproxy => ["haproxy", "haproxy", "haproxy.cfg"],
            Self::Apache => ["apache2", "apache2-bin", "apache.conf"],
        }
    }

    /// Starts it in the foreground as one process, so that nothing outlives its handle.
    fn spawn(self, folder: &Path) -> Child {
        let [binary, package, config] = self.names();
        let output = fs::File::create(folder.join("output.log")).unwrap();
        let mut command = Command::new(binary);
        match self {
            Self::Nginx => command.args(["-c", config, "-e", "error.log", "-p"]).arg(folder),
            Self::Haproxy => command.args(["-db", "-f"]).arg(folder.join(config)),
            Self::Apache => command.args(["-X", "-d"]).arg(folder).arg("-f").arg(folder.join(config)),
        };
        // Debian keeps them where only root looks.
        let path = env::var("PATH").unwrap_or_default() + ":/usr/sbin";
        command.env("PATH", path).stdin(Stdio::null()).stderr(output.try_clone().unwrap()).stdout(output);
        match command.spawn() {
            Ok(child) => child,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                panic!("{binary} is not installed: apt-get install {package}")
            }
            Err(error) => panic!("{binary}: {error}"),
        }
    }
}

/// A proxy's configuration: what is put into the template of its program.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Setup {
    pub(crate) program: Program,
    /// Directives at the front.
    pub(crate) rules: &'static str,
    /// Options of the connection to the service, for haproxy.
    pub(crate) server: &'static str,
}

impl Setup {
    pub(crate) const fn new(program: Program, rules: &'static str) -> Self {
        Self { program, rules, server: "" }
    }
}

/// A running proxy. HTTP/1.1 and HTTP/2 have a port each.
pub(crate) struct Intermediary {
    child: Child,
    folder: PathBuf,
    http1: SocketAddr,
    http2: SocketAddr,
}

impl Intermediary {
    /// Starts a proxy before the service at `upstream`.
    pub(crate) async fn start(setup: &Setup, upstream: SocketAddr) -> Self {
        // A free port may be taken by another process before the proxy binds it.
        for _ in 0..3 {
            let mut proxy = Self::launch(setup, upstream);
            match proxy.ready().await {
                Ok(()) => return proxy,
                Err(status) => eprintln!("{setup:?} ended with {status}:\n{}", proxy.logs()),
            }
        }
        panic!("{setup:?} does not start");
    }

    fn launch(setup: &Setup, upstream: SocketAddr) -> Self {
        let [binary, _, config] = setup.program.names();
        let [http1, http2] = [free_port(), free_port()];
        let folder =
            Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("proxies/{binary}-{}", http1.port()));
        // Of an earlier run that failed.
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        let templates = Path::new(env!("CARGO_MANIFEST_DIR")).join("../interop/proxies");
        let text = fs::read_to_string(templates.join(config))
            .unwrap()
            .replace("@up@", &upstream.to_string())
            .replace("@http1@", &http1.to_string())
            .replace("@http2@", &http2.to_string())
            .replace("@rules@", setup.rules)
            .replace("@server@", setup.server);
        fs::write(folder.join(config), text).unwrap();
        Self { child: setup.program.spawn(&folder), folder, http1, http2 }
    }

    /// Until both ports accept connections, or the process has ended.
    async fn ready(&mut self) -> Result<(), ExitStatus> {
        let patience = Instant::now() + Duration::from_secs(20);
        for port in [self.http1, self.http2] {
            while TcpStream::connect(port).await.is_err() {
                if let Some(status) = self.child.try_wait().unwrap() {
                    return Err(status);
                }
                assert!(Instant::now() < patience, "the proxy does not listen:\n{}", self.logs());
                sleep(Duration::from_millis(10)).await;
            }
        }
        // What listens there is this proxy, unless it has ended for want of the port.
        self.child.try_wait().unwrap().map_or(Ok(()), Err)
    }

    /// Where it listens for this version of HTTP.
    pub(crate) fn address(&self, version: Version) -> SocketAddr {
        if version == Version::HTTP_2 { self.http2 } else { self.http1 }
    }

    /// What it has written, for the message of a failed test.
    pub(crate) fn logs(&self) -> String {
        let read = |name| fs::read_to_string(self.folder.join(name)).unwrap_or_default();
        ["output.log", "error.log"].map(read).concat()
    }
}

impl Drop for Intermediary {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if !thread::panicking() {
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}

/// A port of the loopback interface where nothing listens.
pub(crate) fn free_port() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}
