//! The links under which files are served. A link carries a proof that this server made it, so that it works in a browser without
//! the API key; `MEDIA_AUTH=off` makes links without one, for old clients.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use contract::id::SessionId;
use contract::keys::MEDIA_SECRET;
use hmac::digest::Key;
use hmac::{Hmac, Mac};
use redis::RedisResult;
use reqwest::Url;
use sha2::{Digest as _, Sha256};

use super::object::Object;
use crate::redis::Redis;

/// Bytes of a proof: 128 bits are as hard to guess as the name is.
const PROOF_BYTES: usize = 16;

/// Where the query of a link carries the proof.
pub(crate) const PROOF: &str = "sig";

/// Shortest `MEDIA_SECRET`.
pub(crate) const MIN_SECRET: usize = 16;

/// Makes and checks links.
#[derive(Clone)]
pub(crate) struct Links {
    key: Key<Hmac<Sha256>>,
    signed: bool,
    base: String,
}

impl Links {
    /// Links signed with a secret; `base` is put before them.
    pub(crate) fn new(secret: &str, signed: bool, base: &str) -> Self {
        let digest = Sha256::digest(secret);
        let mut key = Key::<Hmac<Sha256>>::default();
        key[..digest.len()].copy_from_slice(&digest);
        Self { key, signed, base: base.to_owned() }
    }

    /// The link of a file.
    pub(crate) fn url(&self, session: &SessionId, object: &Object) -> String {
        let plain = format!("{}/media/{}", self.base, object.key(session));
        if self.signed {
            let proof = self.mac(session, object).finalize().into_bytes();
            format!("{plain}?{PROOF}={}", URL_SAFE_NO_PAD.encode(&proof[..PROOF_BYTES]))
        } else {
            plain
        }
    }

    /// Whether a request may have the file. The comparison takes the same time for all proofs.
    pub(crate) fn allows(&self, session: &SessionId, object: &Object, proof: Option<&str>) -> bool {
        let proof = proof.and_then(|proof| URL_SAFE_NO_PAD.decode(proof).ok());
        let proof = proof.filter(|proof| proof.len() == PROOF_BYTES);
        let shown = proof.is_some_and(|proof| self.mac(session, object).verify_truncated_left(&proof).is_ok());
        shown || !self.signed
    }

    fn mac(&self, session: &SessionId, object: &Object) -> Hmac<Sha256> {
        let mut mac = <Hmac<Sha256> as Mac>::new(&self.key);
        mac.update(object.key(session).as_bytes());
        mac
    }
}

/// The secret that all hosts share: made by the first one that asks.
pub(crate) async fn shared_secret(redis: &Redis) -> RedisResult<String> {
    let new = hex::encode(rand::random::<[u8; 32]>());
    let (secret,): (String,) =
        redis::pipe().set_nx(MEDIA_SECRET, new).ignore().get(MEDIA_SECRET).query_async(&mut redis.shared()).await?;
    Ok(secret)
}

/// Reads `PUBLIC_URL`: the origin, and perhaps a path, before links.
pub(crate) fn public_base(url: &str) -> Option<String> {
    let parsed = Url::parse(url).ok()?;
    let plain = matches!(parsed.scheme(), "http" | "https") && parsed.query().is_none() && parsed.fragment().is_none();
    let open = parsed.username().is_empty() && parsed.password().is_none() && parsed.has_host();
    (plain && open).then(|| parsed.as_str().trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use contract::jid::Jid;

    use super::*;
    use crate::media::kind::Kind;

    fn object(byte: u8) -> Object {
        Object::new(&Jid::phone("6281200001111"), Kind::claimed("image/png"), [byte; 16])
    }

    fn proof(url: &str) -> &str {
        url.split_once("?sig=").unwrap().1
    }

    #[test]
    fn a_proof_is_for_one_file_of_one_session_and_one_secret() {
        let links = Links::new("a secret of ours", true, "");
        let (shop, other) = (SessionId::parse("shop").unwrap(), SessionId::parse("other").unwrap());
        let url = links.url(&shop, &object(1));
        assert!(url.starts_with(&format!("/media/shop/6281200001111/{}.png?sig=", "01".repeat(16))), "{url}");
        let proof = proof(&url);
        assert!(links.allows(&shop, &object(1), Some(proof)));
        assert!(!links.allows(&shop, &object(2), Some(proof)));
        assert!(!links.allows(&other, &object(1), Some(proof)));
        assert!(!Links::new("another secret..", true, "").allows(&shop, &object(1), Some(proof)));
        for wrong in [None, Some(""), Some("AA"), Some(&proof[..proof.len() - 1]), Some("=="), Some("ä")] {
            assert!(!links.allows(&shop, &object(1), wrong), "{wrong:?}");
        }
    }

    #[test]
    fn without_proofs_everybody_who_knows_a_name_has_the_file() {
        let links = Links::new("a secret of ours", false, "https://wa.example/x");
        let shop = SessionId::parse("shop").unwrap();
        let url = links.url(&shop, &object(1));
        assert!(url.starts_with("https://wa.example/x/media/shop/") && !url.contains('?'), "{url}");
        assert!(links.allows(&shop, &object(1), None) && links.allows(&shop, &object(1), Some("old")));
    }

    #[test]
    fn bases() {
        assert_eq!(public_base("https://wa.example/").as_deref(), Some("https://wa.example"));
        assert_eq!(public_base("http://wa.example:8080/a/").as_deref(), Some("http://wa.example:8080/a"));
        for wrong in ["wa.example", "ftp://wa.example", "https://u:p@wa.example", "https://wa.example/?a", "/media"] {
            assert_eq!(public_base(wrong), None, "{wrong}");
        }
    }
}
