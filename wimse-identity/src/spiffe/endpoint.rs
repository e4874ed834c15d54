//! Where the Workload API is (SPIFFE Workload Endpoint §4).

use std::env;
use std::net::SocketAddr;

use super::BuildError;

/// The variable that says where the Workload API is.
pub const ENDPOINT_VARIABLE: &str = "SPIFFE_ENDPOINT_SOCKET";

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Endpoint {
    Unix(String),
    Tcp(SocketAddr),
}

impl Endpoint {
    /// The configured endpoint, or the one of the environment.
    pub(super) fn find(configured: Option<String>, beyond_host: bool) -> Result<Self, BuildError> {
        let text = match configured {
            Some(text) => text,
            None => env::var(ENDPOINT_VARIABLE).map_err(|_| BuildError::EndpointMissing)?,
        };
        match Self::parse(&text).ok_or(BuildError::Endpoint)? {
            Self::Tcp(address) if !address.ip().is_loopback() && !beyond_host => {
                Err(BuildError::EndpointBeyondHost)
            }
            endpoint => Ok(endpoint),
        }
    }

    fn parse(text: &str) -> Option<Self> {
        if let Some(path) = text.strip_prefix("unix:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            let absolute = path.starts_with('/') && !path.starts_with("//") && path.len() > 1;
            // Neither query nor fragment, and nothing that would have to be decoded.
            let plain = !path.contains(['?', '#', '%', '\0']) && !path.ends_with('/');
            return (absolute && plain).then(|| Self::Unix(path.to_owned()));
        }
        let address: SocketAddr = text.strip_prefix("tcp://")?.parse().ok()?;
        (address.port() != 0).then_some(Self::Tcp(address))
    }

    /// The endpoint as tonic spells it.
    pub(super) fn target(&self) -> String {
        match self {
            Self::Unix(path) => format!("unix:{path}"),
            Self::Tcp(address) => format!("http://{address}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_an_absolute_path_or_an_address_with_a_port() {
        for (text, target) in [
            ("unix:///run/spire/agent.sock", "unix:/run/spire/agent.sock"),
            ("unix:/run/spire/agent.sock", "unix:/run/spire/agent.sock"),
            ("tcp://127.0.0.1:8000", "http://127.0.0.1:8000"),
            ("tcp://[::1]:8000", "http://[::1]:8000"),
        ] {
            assert_eq!(Endpoint::parse(text).unwrap().target(), target);
        }
        for bad in [
            "",
            "/run/spire/agent.sock",
            "unix:",
            "unix:///",
            "unix:run/agent.sock",
            "unix://host/run/agent.sock",
            "unix:////run/agent.sock",
            "unix:///run/agent.sock?a",
            "unix:///run/agent.sock#a",
            "unix:///run/%61gent.sock",
            "unix:///run/",
            "tcp://127.0.0.1",
            "tcp://127.0.0.1:0",
            "tcp://127.0.0.1:8000/",
            "tcp://127.0.0.1:8000/foo",
            "tcp://localhost:8000",
            "tcp://u@127.0.0.1:8000",
            "tcp:127.0.0.1:8000",
            "TCP://127.0.0.1:8000",
            "http://127.0.0.1:8000",
        ] {
            assert_eq!(Endpoint::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn keys_do_not_travel_beyond_the_host_in_the_clear() {
        let find = |text: &str, beyond| Endpoint::find(Some(text.to_owned()), beyond).err();
        assert_eq!(find("tcp://10.0.0.1:8000", false), Some(BuildError::EndpointBeyondHost));
        assert_eq!(find("tcp://10.0.0.1:8000", true), None);
        assert_eq!(find("tcp://127.0.0.7:8000", false), None);
        assert_eq!(find("tcp://0.0.0.0:8000", false), Some(BuildError::EndpointBeyondHost));
    }
}
