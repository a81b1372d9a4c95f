//! Where models come from: the site's catalogue, or an address that the visitor gives and the site's policy allows.

use serde::Deserialize;

/// A model that the site serves: an entry of `models/catalogue.json`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Listed {
    /// Display name.
    pub name: String,
    /// Its folder, relative to the page, ending in a slash.
    pub path: String,
    /// What it is for, in a few words.
    pub about: String,
}

/// The site's models; the first is the one that is loaded unless the visitor chooses another.
pub fn catalogue() -> Vec<Listed> {
    serde_json::from_str(include_str!("../public/models/catalogue.json")).unwrap_or_default()
}

/// Why an address is not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// It is no address of a folder or of a `manifest.json`.
    NoAddress,
    /// The site's policy does not let the page read from there; these are the origins that it allows.
    Host(Vec<String>),
}

/// The model's folder, ending in a slash, behind `address`: an absolute `http` or `https` address of the folder or of its `manifest.json`.
/// [`Refusal::NoAddress`] otherwise.
pub fn folder(address: &str) -> Result<String, Refusal> {
    let address = address.trim();
    let address = address.split(['?', '#']).next().unwrap_or_default();
    let rest = ["https://", "http://"]
        .iter()
        .find_map(|scheme| address.strip_prefix(scheme))
        .ok_or(Refusal::NoAddress)?;
    let host = rest.split('/').next().unwrap_or_default();
    if host.is_empty() || rest.contains(char::is_whitespace) || host.contains('@') {
        return Err(Refusal::NoAddress);
    }
    let path = address.strip_suffix("manifest.json").unwrap_or(address);
    Ok(format!("{}/", path.trim_end_matches('/')))
}

/// The origin of an absolute address, in lower case: everything before the path.
fn origin(address: &str) -> String {
    let end = address.find("://").map_or(0, |at| at + 3);
    let host = address[end..].split('/').next().unwrap_or_default();
    format!("{}{host}", &address[..end]).to_ascii_lowercase()
}

/// Whether `policy`, a Content Security Policy, lets a page of the origin `own` read from `folder`; else [`Refusal::Host`].
pub fn allowed(folder: &str, own: &str, policy: &str) -> Result<(), Refusal> {
    let directives = policy.split(';').map(str::trim);
    let hosts = directives
        .filter_map(|d| d.strip_prefix("connect-src"))
        .flat_map(str::split_whitespace);
    let wanted = origin(folder);
    let mut others = Vec::new();
    for host in hosts {
        let host = if host == "'self'" { own } else { host };
        if host.eq_ignore_ascii_case(&wanted) {
            return Ok(());
        }
        if host != own {
            others.push(host.to_owned());
        }
    }
    Err(Refusal::Host(others))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalogue_begins_with_a_model_that_is_there() {
        let first = catalogue().swap_remove(0);
        let manifest = format!("public/{}manifest.json", first.path);
        let manifest = std::fs::read_to_string(manifest).unwrap();
        assert!(manifest.contains(&format!("\"name\":\"{}\"", first.name)));
    }

    #[test]
    fn addresses_of_folders_and_manifests() {
        for given in [
            " https://a.example/m ",
            "https://a.example/m/",
            "https://a.example/m/manifest.json?download=1#x",
        ] {
            assert_eq!(folder(given).unwrap(), "https://a.example/m/", "{given}");
        }
        assert_eq!(
            folder("http://127.0.0.1:8080").unwrap(),
            "http://127.0.0.1:8080/"
        );
        for bad in [
            "",
            "m/manifest.json",
            "ftp://a.example/m",
            "https://",
            "https://a b/m",
            "https://u@a.example/m",
        ] {
            assert_eq!(folder(bad), Err(Refusal::NoAddress), "{bad}");
        }
    }

    #[test]
    fn the_policy_decides() {
        let own = "https://site.example";
        let policy = "default-src 'self'; connect-src 'self' https://a.example http://127.0.0.1:9; object-src 'none'";
        for good in [
            "https://site.example/m/",
            "https://A.example/m/",
            "http://127.0.0.1:9/",
        ] {
            assert_eq!(allowed(good, own, policy), Ok(()), "{good}");
        }
        let others = vec![
            "https://a.example".to_owned(),
            "http://127.0.0.1:9".to_owned(),
        ];
        for bad in [
            "https://b.example/m/",
            "http://a.example/",
            "https://a.example.evil/",
            "http://127.0.0.1:90/",
        ] {
            assert_eq!(
                allowed(bad, own, policy),
                Err(Refusal::Host(others.clone())),
                "{bad}"
            );
        }
        assert_eq!(
            allowed("https://a.example/", own, ""),
            Err(Refusal::Host(vec![]))
        );
    }
}
