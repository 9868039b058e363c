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

/// The endpoint without its path, and an account-based one as that of its Region: the SDK takes it for a table that is named
/// by its ARN, too, so one table is reached at both.
pub(crate) fn without_account(endpoint: &str) -> String {
    let (scheme, rest) = endpoint.split_once("://").unwrap_or(("", endpoint));
    let host = rest.split(['/', '?']).next().unwrap_or_default();
    let host = host.to_ascii_lowercase();
    let regional = host.split_once(".ddb.").and_then(|(account, region)| {
        let digits = account.bytes().all(|byte| byte.is_ascii_digit());
        (digits && account.len() == 12).then(|| format!("dynamodb.{region}"))
    });
    format!("{scheme}://{}", regional.unwrap_or(host))
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

/// Whether a label of a host name is a Region: `us-east-1`, `us-gov-west-1`, `eusc-de-east-1`. Other hosts have labels of that
/// form too, but AWS's Regions begin with two to four letters.
fn looks_like_region(label: &str) -> bool {
    let area = label.split('-').next().unwrap_or_default();
    (2..=4).contains(&area.len()) && is_region_name(label)
}

/// The longest name of a Region that a stamp may hold, in bytes. The stream processor has the same limit.
const MAX_REGION_LENGTH: usize = 32;

/// Whether a name is shaped like a Region's: words of lowercase letters, at least two, and a number, joined by hyphens.
///
/// The stream processor has the same rule: it takes what is named otherwise for no stamp at all.
pub(crate) fn is_region_name(name: &str) -> bool {
    let is = |part: &str, is: fn(&u8) -> bool| !part.is_empty() && part.as_bytes().iter().all(is);
    let parts: Vec<&str> = name.split('-').collect();
    let [words @ .., number] = parts.as_slice() else {
        return false;
    };
    name.len() <= MAX_REGION_LENGTH
        && words.len() >= 2
        && words.iter().all(|word| is(word, u8::is_ascii_lowercase))
        && is(number, u8::is_ascii_digit)
}
