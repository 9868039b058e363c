//! What whoever runs the table should be told, once.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use axum::http::{HeaderMap, header};

use super::Region;

/// Clients that are told apart. More than one machine has.
const MAX_NOTICES: usize = 1_000;

/// Notices that wait to be taken, and those that were given before.
#[derive(Debug, Default)]
pub(super) struct Notices(Mutex<Told>);

#[derive(Debug, Default)]
struct Told {
    before: HashSet<String>,
    waiting: Vec<String>,
}

impl Notices {
    pub(super) fn take(&self) -> Vec<String> {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut told.waiting)
    }

    pub(super) fn tell(&self, notice: String) {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if told.before.len() < MAX_NOTICES && told.before.insert(notice.clone()) {
            told.waiting.push(notice);
        }
    }

    /// Compares the Region that a request is signed for with the endpoint's own. A client that signs for another
    /// Region also stamps for it, and then the Regions' stamps look alike and losses are not seen.
    pub(super) fn check_signature(&self, headers: &HeaderMap, region: Region) {
        let Some(signed) = signed_region(headers).filter(|signed| *signed != region.name()) else {
            return;
        };
        let agent = headers.get(header::USER_AGENT);
        let agent = agent
            .and_then(|agent| agent.to_str().ok())
            .unwrap_or("a client without a name");
        self.tell(format!(
            "{agent} talks to {region} and signs for {signed}: set its Region to {region} (AWS_REGION and \
             AWS_DEFAULT_REGION), or its writes are stamped for the wrong Region and lost writes are not found"
        ));
    }
}

/// The Region in `Credential=KEY/DATE/REGION/SERVICE/aws4_request`.
fn signed_region(headers: &HeaderMap) -> Option<&str> {
    let authorization = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (_, credential) = authorization.split_once("Credential=")?;
    credential.split('/').nth(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(region: &str, agent: &str) -> HeaderMap {
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential=AKID/20261125/{region}/dynamodb/aws4_request, SignedHeaders=host, Signature=0"
        );
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, authorization.parse().unwrap());
        headers.insert(header::USER_AGENT, agent.parse().unwrap());
        headers
    }

    #[test]
    fn a_client_that_signs_for_another_region_is_named_once() {
        let notices = Notices::default();
        let east = Region::parse("us-east-1").unwrap();
        for (region, agent) in [
            ("us-east-1", "right"),
            ("eu-west-1", "boto3"),
            ("eu-west-1", "boto3"),
        ] {
            notices.check_signature(&headers(region, agent), east);
        }
        notices.check_signature(&HeaderMap::new(), east);
        let told = notices.take();
        assert!(
            matches!(&told[..], [one] if one.starts_with("boto3 talks to us-east-1 and signs for eu-west-1")),
            "{told:?}"
        );
        notices.check_signature(&headers("eu-west-1", "another"), east);
        assert_eq!(notices.take().len(), 1);
    }
}
