//! The IAM policy that an audit needs, to paste.

use serde_json::{Value, json};

/// A policy for an audit of this table in these Regions; of every table and Region, where none is named.
pub(in crate::audit) fn policy(
    table: Option<&str>,
    regions: &[String],
    ledger: Option<&str>,
) -> Value {
    let partition = match regions.first().map(String::as_str) {
        Some(region) if region.starts_with("cn-") => "aws-cn",
        Some(region) if region.starts_with("us-gov-") => "aws-us-gov",
        Some(_) | None => "aws",
    };
    let regions = match regions {
        [] => vec!["*".to_owned()],
        regions => regions.to_vec(),
    };
    let resources = |of: &dyn Fn(&str) -> String| -> Vec<String> {
        regions.iter().map(|region| of(region)).collect()
    };
    let table = table.unwrap_or("*");
    let arn = |region: &str| format!("arn:{partition}:dynamodb:{region}:*:table/{table}");
    let mut statements = vec![
        json!({
            "Sid": "FindTheReplicas",
            "Effect": "Allow",
            "Action": ["dynamodb:DescribeTable"],
            "Resource": resources(&arn),
        }),
        json!({
            "Sid": "ReadTheStreams",
            "Effect": "Allow",
            "Action": ["dynamodb:DescribeStream", "dynamodb:GetShardIterator", "dynamodb:GetRecords"],
            "Resource": resources(&|region| format!("{}/stream/*", arn(region))),
        }),
        json!({
            "Sid": "OfTablesWithAKeyOfYourOwn",
            "Effect": "Allow",
            "Action": ["kms:Decrypt"],
            "Resource": "*",
            "Condition": {"StringLike": {"kms:ViaService": "dynamodb.*.amazonaws.com*"}},
        }),
    ];
    if let Some(ledger) = ledger {
        let arn = |region: &str| format!("arn:{partition}:dynamodb:{region}:*:table/{ledger}");
        statements.push(json!({
            "Sid": "WriteTheLedgers",
            "Effect": "Allow",
            "Action": ["dynamodb:PutItem"],
            "Resource": resources(&arn),
        }));
    }
    json!({ "Version": "2012-10-17", "Statement": statements })
}

#[cfg(test)]
mod tests {
    use super::policy;

    #[test]
    fn a_policy_allows_reading_and_nothing_else() {
        let regions = ["us-east-1".to_owned(), "eu-west-1".to_owned()];
        let policy = policy(Some("orders"), &regions, None);
        let statements = policy["Statement"].as_array().unwrap();
        let actions = statements
            .iter()
            .flat_map(|s| s["Action"].as_array().unwrap());
        let verbs = ["Describe", "Get", "Decrypt"];
        for action in actions {
            let (_, name) = action.as_str().unwrap().split_once(':').unwrap();
            assert!(verbs.iter().any(|verb| name.starts_with(verb)), "{name}");
        }
        assert_eq!(
            statements[1]["Resource"][1],
            "arn:aws:dynamodb:eu-west-1:*:table/orders/stream/*"
        );
    }

    #[test]
    fn a_policy_knows_the_partition_and_the_ledger() {
        let policy = policy(None, &["us-gov-west-1".to_owned()], Some("conflicts"));
        let arn = policy["Statement"][3]["Resource"][0].as_str().unwrap();
        assert_eq!(
            arn,
            "arn:aws-us-gov:dynamodb:us-gov-west-1:*:table/conflicts"
        );
        assert_eq!(
            policy["Statement"][0]["Resource"][0],
            "arn:aws-us-gov:dynamodb:us-gov-west-1:*:table/*"
        );
    }
}
