//! Where models come from: the site's catalogue, an address that the visitor gives and the site's policy allows, or files of the visitor's disk.

use latino_web::protocol::LOCAL;
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
    /// It is that of a single file of weights, which is no whole model.
    SingleFile,
    /// The site's policy does not let the page read from there; these are the origins that it allows.
    Host(Vec<String>),
}

/// The hub whose pages are not where its files are.
const HUB: &str = "https://huggingface.co/";

/// The model's folder, ending in a slash, behind `address`: an absolute `http` or `https` address of the folder or of its `manifest.json`, or
/// of a repository's page on a hub. [`Refusal::NoAddress`] or [`Refusal::SingleFile`] otherwise.
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
    let weights = [".safetensors", ".ckpt", ".bin", ".pt", ".gguf", ".onnx"];
    if weights.iter().any(|end| address.ends_with(end)) {
        return Err(Refusal::SingleFile);
    }
    let path = ["manifest.json", "model_index.json"]
        .iter()
        .find_map(|file| address.strip_suffix(file))
        .unwrap_or(address);
    let path = path.trim_end_matches('/');
    match path.strip_prefix(HUB) {
        Some(page) => repository(page),
        None => Ok(format!("{path}/")),
    }
}

/// Where the files are of the repository `owner/name`, `owner/name/tree/revision` or the like.
fn repository(page: &str) -> Result<String, Refusal> {
    let parts: Vec<&str> = page.split('/').collect();
    let (repository, below) = match parts.as_slice() {
        [owner, name] => ([owner, name], vec!["main"]),
        [owner, name, "tree" | "blob" | "resolve", below @ ..] if !below.is_empty() => {
            ([owner, name], below.to_vec())
        }
        _ => return Err(Refusal::NoAddress),
    };
    if repository.iter().any(|part| part.is_empty()) {
        return Err(Refusal::NoAddress);
    }
    let [owner, name] = repository;
    Ok(format!("{HUB}{owner}/{name}/resolve/{}/", below.join("/")))
}

/// The address of chosen files: their folder's name, and what changes when they do.
pub fn local(name: &str, files: usize, bytes: f64, changed: f64) -> String {
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() || "._".contains(c) {
            c
        } else {
            '-'
        }
    };
    let name: String = name.chars().map(plain).collect();
    format!("{LOCAL}{name}/{files}-{bytes}-{changed}/")
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
        if covers(host, &wanted) {
            return Ok(());
        }
        if host != own {
            others.push(host.to_owned());
        }
    }
    Err(Refusal::Host(others))
}

/// Whether the origin `wanted` is `host`, of which `*` may be the first label and then stands for one or more.
fn covers(host: &str, wanted: &str) -> bool {
    let host = host.to_ascii_lowercase();
    match host.split_once("*.") {
        Some((scheme, domain)) => (wanted.strip_prefix(scheme))
            .and_then(|rest| rest.strip_suffix(domain))
            .is_some_and(|labels| labels.len() > 1 && labels.ends_with('.')),
        None => host == wanted,
    }
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
        for (page, files) in [
            ("", "main/"),
            ("/", "main/"),
            ("/tree/refs%2Fpr%2F1", "refs%2Fpr%2F1/"),
            ("/tree/main/sub", "main/sub/"),
            ("/blob/v1/model_index.json", "v1/"),
            ("/resolve/main/manifest.json", "main/"),
        ] {
            let page = format!("https://huggingface.co/owner/name{page}");
            let files = format!("https://huggingface.co/owner/name/resolve/{files}");
            assert_eq!(folder(&page), Ok(files), "{page}");
        }
        let single = "https://huggingface.co/o/n/blob/main/n.safetensors";
        assert_eq!(folder(single), Err(Refusal::SingleFile));
        for bad in [
            "https://huggingface.co/owner",
            "https://huggingface.co/owner/name/discussions",
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
    fn precisions_and_local_files() {
        let split = latino_web::protocol::split_precision;
        assert_eq!(split("https://a/#q4"), ("https://a/", Some("q4")));
        assert_eq!(split("https://a/#q5"), ("https://a/", None));
        assert_eq!(split("models/a/"), ("models/a/", None));
        let address = local("My model#2", 12, 3e9, 1_764_244_000_000.0);
        assert_eq!(address, "local:My-model-2/12-3000000000-1764244000000/");
    }

    #[test]
    fn a_star_stands_for_labels() {
        let policy = "connect-src 'self' https://*.hub.example";
        let own = "https://site.example";
        for good in ["https://a.hub.example/x/", "https://a.b.HUB.example/"] {
            assert_eq!(allowed(good, own, policy), Ok(()), "{good}");
        }
        for bad in [
            "https://hub.example/",
            "https://.hub.example/",
            "https://ahub.example/",
            "http://a.hub.example/",
        ] {
            assert!(allowed(bad, own, policy).is_err(), "{bad}");
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
