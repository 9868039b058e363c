//! Which tables a local world begins with.

use std::path::{Path, PathBuf};

use local_aws::global_table::TableDefinition;

use super::error::LocalError;

/// A key attribute: its name and its type, S, N or B.
pub(super) type KeyAttribute = (String, String);

/// A `--key` that cannot be read.
#[derive(Debug, PartialEq, thiserror::Error)]
#[error("`{0}` is not a key attribute; give NAME:TYPE, the type S, N or B, as in id:N")]
pub(super) struct NotAKeyAttribute(String);

/// Reads `id`, `id:S`, `id:N` or `id:B`.
pub(super) fn parse_key(text: &str) -> Result<KeyAttribute, NotAKeyAttribute> {
    let (name, kind) = text.rsplit_once(':').unwrap_or((text, "S"));
    if name.is_empty() || !["S", "N", "B"].contains(&kind) {
        return Err(NotAKeyAttribute(text.to_owned()));
    }
    Ok((name.to_owned(), kind.to_owned()))
}

/// The tables that the options ask for: one of `--table` and `--key`, and one of each file. Without any of them, the
/// usual one.
pub(super) fn definitions(
    name: Option<&str>,
    keys: &[KeyAttribute],
    files: &[PathBuf],
) -> Result<Vec<TableDefinition>, LocalError> {
    let mut tables = Vec::new();
    let usual_name = name.unwrap_or("App");
    match keys {
        [] if name.is_none() && !files.is_empty() => {}
        [] => tables.push(TableDefinition::usual(usual_name)),
        [_] | [_, _] => tables.push(TableDefinition::with_keys(usual_name, keys)),
        more => {
            return Err(LocalError::TooManyKeys(more.len()));
        }
    }
    for file in files {
        tables.push(read(file)?);
    }
    Ok(tables)
}

fn read(file: &Path) -> Result<TableDefinition, LocalError> {
    let wrong = |problem: String| LocalError::TableFile {
        path: file.to_owned(),
        problem,
    };
    let text = std::fs::read(file).map_err(|error| wrong(error.to_string()))?;
    let request: serde_json::Value =
        serde_json::from_slice(&text).map_err(|error| wrong(format!("invalid JSON: {error}")))?;
    let definition = TableDefinition::from_request(request);
    if definition.table_name().is_empty() {
        return Err(wrong(
            "it has no TableName; give a CreateTable request, as for `aws dynamodb create-table --cli-input-json`"
                .to_owned(),
        ));
    }
    Ok(definition)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(name: Option<&str>, keys: &[&str], files: &[PathBuf]) -> Vec<String> {
        let keys: Vec<_> = keys.iter().map(|key| parse_key(key).unwrap()).collect();
        let tables = definitions(name, &keys, files).unwrap();
        tables
            .iter()
            .map(|table| table.table_name().to_owned())
            .collect()
    }

    #[test]
    fn a_key_has_a_name_and_a_type_which_is_a_string_if_nothing_is_said() {
        let key = |name: &str, kind: &str| Ok((name.to_owned(), kind.to_owned()));
        assert_eq!(parse_key("id:N"), key("id", "N"));
        assert_eq!(parse_key("sort"), key("sort", "S"));
        assert_eq!(parse_key("a:b:B"), key("a:b", "B"));
        for text in ["", ":N", "id:X", "id:"] {
            let message = parse_key(text).unwrap_err().to_string();
            assert!(message.contains("NAME:TYPE"), "{message}");
        }
    }

    #[test]
    fn files_stand_beside_the_named_table_or_in_place_of_the_usual_one() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("orders.json");
        std::fs::write(&file, r#"{"TableName": "Orders"}"#).unwrap();
        let files = [file];
        assert_eq!(names(None, &[], &[]), ["App"]);
        assert_eq!(names(Some("Users"), &["id:N"], &[]), ["Users"]);
        assert_eq!(names(None, &[], &files), ["Orders"]);
        assert_eq!(names(Some("Users"), &[], &files), ["Users", "Orders"]);
        assert_eq!(names(None, &["id:N"], &files), ["App", "Orders"]);
    }

    #[test]
    fn what_is_no_table_is_refused_with_the_name_of_the_option() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("orders.json");
        let refused = |text: Option<&str>| {
            if let Some(text) = text {
                std::fs::write(&file, text).unwrap();
            }
            definitions(None, &[], std::slice::from_ref(&file))
                .unwrap_err()
                .to_string()
        };
        assert!(refused(None).contains("orders.json"));
        assert!(refused(Some("{")).contains("invalid JSON"));
        assert!(refused(Some("{}")).contains("create-table"));
        let key = parse_key("id").unwrap();
        let three = vec![key; 3];
        let refused = definitions(None, &three, &[]).unwrap_err().to_string();
        assert!(refused.contains("--key is given 3 times"), "{refused}");
    }
}
