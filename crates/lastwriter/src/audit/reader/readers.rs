//! Who else reads the streams: the functions that Lambda's event source mappings name, asked for with the AWS command line
//! where that is installed. It is worth a warning and no dependency on Lambda's whole API.

use std::fmt::Write as _;
use std::process::Stdio;
use std::time::Duration;

use futures::future::join_all;
use tokio::process::Command;

/// How long the command line may take.
const TIMEOUT: Duration = Duration::from_secs(15);

/// What is said of readers in any case.
const ONE_READER: &str = "A shard of a global table's stream is best read by one reader at a time; with more, all are throttled.";

/// What to say of who reads these streams, given by Region and ARN.
pub(in crate::audit) async fn text(
    streams: impl Iterator<Item = (&str, &str)>,
    profile: Option<&str>,
) -> String {
    let asked = streams.map(|(region, arn)| async move {
        let functions = functions(&mut command(region, arn, profile)).await;
        (region, arn, functions)
    });
    render(&join_all(asked).await)
}

type Asked<'a> = (&'a str, &'a str, Option<Vec<String>>);

fn render(asked: &[Asked<'_>]) -> String {
    let mut text = format!("{ONE_READER}\n");
    for (region, arn, functions) in asked {
        let _ = match functions.as_deref() {
            Some([]) => writeln!(text, "  {region:<15} no function reads it"),
            Some(functions) => writeln!(text, "  {region:<15} read by {}", functions.join(", ")),
            None => writeln!(
                text,
                "  {region:<15} to see who reads it: aws lambda list-event-source-mappings --region {region} \
                 --event-source-arn {arn}"
            ),
        };
    }
    text
}

fn command(region: &str, arn: &str, profile: Option<&str>) -> Command {
    let mut command = Command::new("aws");
    command
        .args(["lambda", "list-event-source-mappings", "--output", "json"])
        .args(["--query", "EventSourceMappings[].FunctionArn"])
        .args(["--region", region, "--event-source-arn", arn]);
    if let Some(profile) = profile {
        command.args(["--profile", profile]);
    }
    command
}

/// The names of the functions; none where they cannot be seen: no command line, no permission.
async fn functions(command: &mut Command) -> Option<Vec<String>> {
    command
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    let output = tokio::time::timeout(TIMEOUT, command.output()).await;
    let output = output.ok()?.ok().filter(|output| output.status.success())?;
    let arns: Vec<String> = serde_json::from_slice(&output.stdout).ok()?;
    // arn:aws:lambda:us-east-1:123456789012:function:indexer
    let name = |arn: &String| arn.splitn(7, ':').last().unwrap_or(arn).to_owned();
    Some(arns.iter().map(name).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn answered(script: &str) -> Option<Vec<String>> {
        functions(Command::new("sh").args(["-c", script])).await
    }

    #[tokio::test]
    async fn functions_are_named_and_what_cannot_be_seen_is_told_apart_from_none() {
        let arn = "arn:aws:lambda:us-east-1:123456789012:function:indexer";
        let found = answered(&format!("echo '[\"{arn}\"]'")).await;
        assert_eq!(found, Some(vec!["indexer".to_owned()]));
        assert_eq!(answered("echo '[]'").await, Some(Vec::new()));
        for unseen in ["exit 254", "echo nonsense", "exec /nonexistent/aws"] {
            assert_eq!(answered(unseen).await, None, "{unseen}");
        }
    }

    #[test]
    fn readers_are_told_by_region_with_the_command_where_they_cannot_be_seen() {
        let asked = [
            (
                "eu-west-1",
                "arn:1",
                Some(vec!["indexer".to_owned(), "search".to_owned()]),
            ),
            ("sa-east-1", "arn:2", Some(Vec::new())),
            ("us-east-1", "arn:3", None),
        ];
        insta::assert_snapshot!(render(&asked), @r"
        A shard of a global table's stream is best read by one reader at a time; with more, all are throttled.
          eu-west-1       read by indexer, search
          sa-east-1       no function reads it
          us-east-1       to see who reads it: aws lambda list-event-source-mappings --region us-east-1 --event-source-arn arn:3
        ");
    }
}
