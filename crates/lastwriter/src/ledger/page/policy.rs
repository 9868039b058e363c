//! The IAM policy that the page needs, to paste.

use serde_json::{Value, json};

use super::args::PageArgs;

/// What the page reads, and with `--write` what it writes.
pub(super) fn policy(args: &PageArgs) -> Value {
    let partition = match args.regions.first().map(String::as_str) {
        Some(region) if region.starts_with("cn-") => "aws-cn",
        Some(region) if region.starts_with("us-gov-") => "aws-us-gov",
        Some(_) | None => "aws",
    };
    let ledger = args.ledger.as_deref().unwrap_or("*");
    let regions = match &args.regions[..] {
        [] => vec!["*".to_owned()],
        regions => regions.to_vec(),
    };
    let tables = |table: &str, suffixes: &[&str]| -> Vec<String> {
        let arn = |region: &String| format!("arn:{partition}:dynamodb:{region}:*:table/{table}");
        let all = regions.iter().map(arn);
        all.flat_map(|arn| suffixes.iter().map(move |suffix| format!("{arn}{suffix}")))
            .collect()
    };
    let statement = |sid: &str, actions: &[&str], resources: Vec<String>| {
        let actions: Vec<String> = actions
            .iter()
            .map(|action| format!("dynamodb:{action}"))
            .collect();
        json!({ "Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resources })
    };
    let mut statements = vec![
        statement(
            "ReadTheLedgers",
            &["Query", "GetItem", "BatchGetItem"],
            tables(ledger, &["", "/index/ByTime"]),
        ),
        // Which table an entry's item is in only the entry says: name yours in place of the star.
        statement(
            "ReadTheItems",
            &["GetItem", "DescribeTimeToLive"],
            tables("*", &[""]),
        ),
    ];
    if args.write {
        statements.push(statement(
            "MarkTheEntries",
            &["UpdateItem"],
            tables(ledger, &[""]),
        ));
        statements.push(statement(
            "PutBack",
            &["UpdateItem", "PutItem"],
            tables("*", &[""]),
        ));
    }
    statements.push(json!({
        "Sid": "OfTablesWithAKeyOfYourOwn",
        "Effect": "Allow",
        "Action": ["kms:Decrypt"],
        "Resource": "*",
        "Condition": {"StringLike": {"kms:ViaService": "dynamodb.*.amazonaws.com*"}},
    }));
    json!({ "Version": "2012-10-17", "Statement": statements })
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        args: PageArgs,
    }

    fn actions(more: &[&str]) -> String {
        let arguments = [
            "page",
            "--ledger",
            "conflicts",
            "--regions",
            "us-east-1,eu-west-1",
        ];
        let cli = Cli::parse_from(arguments.iter().chain(more));
        policy(&cli.args).to_string()
    }

    #[test]
    fn only_with_write_anything_may_be_written() {
        let reading = actions(&[]);
        assert!(
            !reading.contains("UpdateItem") && !reading.contains("PutItem"),
            "{reading}"
        );
        assert!(actions(&["--write"]).contains("UpdateItem"));
    }

    #[test]
    fn every_regions_ledger_and_its_index_are_named() {
        let policy = actions(&[]);
        for region in ["us-east-1", "eu-west-1"] {
            let table = format!("arn:aws:dynamodb:{region}:*:table/conflicts");
            assert!(policy.contains(&format!("\"{table}\"")), "{policy}");
            assert!(
                policy.contains(&format!("\"{table}/index/ByTime\"")),
                "{policy}"
            );
        }
    }
}
