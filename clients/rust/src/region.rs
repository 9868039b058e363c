//! The Region that a client talks to.
//!
//! It is the Region of the endpoint, not the one that the caller runs in: a stamp that names another Region than the
//! one written to is worth nothing.

/// The labels that stand before the Region in a DynamoDB endpoint's host name: `dynamodb.REGION`,
/// `dynamodb-fips.REGION`, `ACCOUNT.ddb.REGION` (account-based endpoints) and `vpce-....dynamodb.REGION.vpce`
/// (interface endpoints), under whichever suffix the partition has. The forms are those of the service's endpoint rule
/// set and of "AWS PrivateLink for DynamoDB".
const SERVICE_LABELS: [&str; 3] = ["dynamodb", "dynamodb-fips", "ddb"];

/// The Region in an AWS endpoint's host name; for any other host the Region that requests are signed for.
pub(crate) fn endpoint_region(
    endpoint: Option<&str>,
    signing_region: Option<&str>,
) -> Option<String> {
    let named = endpoint.and_then(host_region);
    named.or_else(|| {
        signing_region
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
    })
}

fn host_region(endpoint: &str) -> Option<String> {
    let (_, rest) = endpoint.split_once("://")?;
    let host = rest.split(['/', ':', '?']).next()?.to_ascii_lowercase();
    let labels: Vec<&str> = host.split('.').collect();
    let found = labels.windows(3).find_map(|three| {
        let [service, region, _suffix] = three else {
            return None;
        };
        (SERVICE_LABELS.contains(service) && looks_like_region(region)).then_some(*region)
    });
    found.map(str::to_owned)
}

/// Whether a label has the form of a Region's name: `us-east-1`, `us-gov-west-1`, `eusc-de-east-1`.
fn looks_like_region(label: &str) -> bool {
    let mut parts = label.split('-');
    let letters =
        |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase());
    let area = parts
        .next()
        .is_some_and(|area| (2..=4).contains(&area.len()) && letters(area));
    let number = parts.next_back().is_some_and(|number| {
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    });
    let middle: Vec<&str> = parts.collect();
    area && number && !middle.is_empty() && middle.iter().all(|part| letters(part))
}

/// Whether a name can be part of a stamp's name: the colon separates its parts.
pub(crate) fn is_region(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}
