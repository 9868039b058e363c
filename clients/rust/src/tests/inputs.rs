//! Requests in DynamoDB JSON, as the vectors have them, made into calls of the SDK.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::BoxError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{
    AttributeValue, AttributeValueUpdate, BatchStatementRequest, ConditionCheck, Delete,
    DeleteRequest, ExpectedAttributeValue, ParameterizedStatement, Put, PutRequest,
    TransactWriteItem, Update, WriteRequest,
};
use serde_json::Value;

pub(super) type Item = HashMap<String, AttributeValue>;

pub(super) fn attribute(value: &Value) -> AttributeValue {
    let (tag, inner) = value.as_object().unwrap().iter().next().unwrap();
    let string = |value: &Value| value.as_str().unwrap().to_owned();
    match tag.as_str() {
        "S" => AttributeValue::S(string(inner)),
        "N" => AttributeValue::N(string(inner)),
        "BOOL" => AttributeValue::Bool(inner.as_bool().unwrap()),
        "NULL" => AttributeValue::Null(inner.as_bool().unwrap()),
        "SS" => AttributeValue::Ss(list(inner, string)),
        "L" => AttributeValue::L(list(inner, attribute)),
        "M" => AttributeValue::M(map(inner, attribute).unwrap()),
        other => panic!("no vector has the type {other} yet"),
    }
}

pub(super) fn item(value: &Value) -> Item {
    map(value, attribute).unwrap()
}

fn list<T>(value: &Value, of: impl Fn(&Value) -> T) -> Vec<T> {
    value.as_array().unwrap().iter().map(of).collect()
}

fn map<T>(value: &Value, of: impl Fn(&Value) -> T) -> Option<HashMap<String, T>> {
    let entries = value.as_object()?.iter();
    Some(entries.map(|(name, one)| (name.clone(), of(one))).collect())
}

fn text<T: From<String>>(value: &Value) -> Option<T> {
    value.as_str().map(|text| T::from(text.to_owned()))
}

fn keyword<T: for<'a> From<&'a str>>(value: &Value) -> Option<T> {
    value.as_str().map(T::from)
}

fn names(value: &Value) -> Option<HashMap<String, String>> {
    map(value, |name| name.as_str().unwrap().to_owned())
}

fn expected(value: &Value) -> Option<HashMap<String, ExpectedAttributeValue>> {
    map(value, |test| {
        ExpectedAttributeValue::builder()
            .set_exists(test["Exists"].as_bool())
            .set_value(test.get("Value").map(attribute))
            .set_comparison_operator(keyword(&test["ComparisonOperator"]))
            .build()
    })
}

pub(super) fn update(client: &Client, input: &Value) -> UpdateItemFluentBuilder {
    let updates = map(&input["AttributeUpdates"], |update| {
        AttributeValueUpdate::builder()
            .set_action(keyword(&update["Action"]))
            .set_value(update.get("Value").map(attribute))
            .build()
    });
    client
        .update_item()
        .set_table_name(text(&input["TableName"]))
        .set_key(map(&input["Key"], attribute))
        .set_update_expression(text(&input["UpdateExpression"]))
        .set_condition_expression(text(&input["ConditionExpression"]))
        .set_expression_attribute_names(names(&input["ExpressionAttributeNames"]))
        .set_expression_attribute_values(map(&input["ExpressionAttributeValues"], attribute))
        .set_attribute_updates(updates)
        .set_expected(expected(&input["Expected"]))
        .set_conditional_operator(keyword(&input["ConditionalOperator"]))
        .set_return_values(keyword(&input["ReturnValues"]))
        .set_return_values_on_condition_check_failure(keyword(
            &input["ReturnValuesOnConditionCheckFailure"],
        ))
}

pub(super) fn transact_item(entry: &Value) -> TransactWriteItem {
    let (action, input) = entry.as_object().unwrap().iter().next().unwrap();
    let table = text(&input["TableName"]);
    let key = map(&input["Key"], attribute);
    let condition = text(&input["ConditionExpression"]);
    let names = names(&input["ExpressionAttributeNames"]);
    let values = map(&input["ExpressionAttributeValues"], attribute);
    let entry = TransactWriteItem::builder();
    macro_rules! finish {
        ($builder:expr) => {
            $builder
                .set_table_name(table)
                .set_condition_expression(condition)
                .set_expression_attribute_names(names)
                .set_expression_attribute_values(values)
                .build()
                .unwrap()
        };
    }
    match action.as_str() {
        "Update" => {
            let expression = text(&input["UpdateExpression"]);
            let update = Update::builder().set_key(key);
            entry.update(finish!(update.set_update_expression(expression)))
        }
        "Put" => entry.put(finish!(
            Put::builder().set_item(map(&input["Item"], attribute))
        )),
        "Delete" => entry.delete(finish!(Delete::builder().set_key(key))),
        "ConditionCheck" => entry.condition_check(finish!(ConditionCheck::builder().set_key(key))),
        other => panic!("a transaction has no {other}"),
    }
    .build()
}

pub(super) fn write_request(entry: &Value) -> WriteRequest {
    let put = map(&entry["PutRequest"]["Item"], attribute);
    let put = put.map(|item| PutRequest::builder().set_item(Some(item)).build().unwrap());
    let key = map(&entry["DeleteRequest"]["Key"], attribute);
    let delete = key.map(|key| DeleteRequest::builder().set_key(Some(key)).build().unwrap());
    WriteRequest::builder()
        .set_put_request(put)
        .set_delete_request(delete)
        .build()
}

pub(super) fn request_items(tables: &Value) -> HashMap<String, Vec<WriteRequest>> {
    map(tables, |entries| list(entries, write_request)).unwrap()
}

/// Sends a request as it is, and drops the answer.
pub(super) async fn send(client: &Client, operation: &str, input: &Value) -> Result<(), BoxError> {
    let statement = |value: &Value| value["Statement"].as_str().unwrap().to_owned();
    match operation {
        "UpdateItem" => drop(update(client, input).send().await?),
        "PutItem" => drop(
            client
                .put_item()
                .set_table_name(text(&input["TableName"]))
                .set_item(map(&input["Item"], attribute))
                .set_condition_expression(text(&input["ConditionExpression"]))
                .set_expression_attribute_names(names(&input["ExpressionAttributeNames"]))
                .set_expression_attribute_values(map(
                    &input["ExpressionAttributeValues"],
                    attribute,
                ))
                .set_expected(expected(&input["Expected"]))
                .set_conditional_operator(keyword(&input["ConditionalOperator"]))
                .send()
                .await?,
        ),
        "TransactWriteItems" => drop(
            client
                .transact_write_items()
                .set_transact_items(Some(list(&input["TransactItems"], transact_item)))
                .set_client_request_token(text(&input["ClientRequestToken"]))
                .send()
                .await?,
        ),
        "BatchWriteItem" => drop(
            client
                .batch_write_item()
                .set_request_items(Some(request_items(&input["RequestItems"])))
                .set_return_consumed_capacity(keyword(&input["ReturnConsumedCapacity"]))
                .send()
                .await?,
        ),
        "DeleteItem" => drop(
            client
                .delete_item()
                .set_table_name(text(&input["TableName"]))
                .set_key(map(&input["Key"], attribute))
                .set_condition_expression(text(&input["ConditionExpression"]))
                .send()
                .await?,
        ),
        "GetItem" => drop(
            client
                .get_item()
                .set_table_name(text(&input["TableName"]))
                .set_key(map(&input["Key"], attribute))
                .send()
                .await?,
        ),
        "Query" => drop(
            client
                .query()
                .set_table_name(text(&input["TableName"]))
                .set_key_condition_expression(text(&input["KeyConditionExpression"]))
                .set_expression_attribute_values(map(
                    &input["ExpressionAttributeValues"],
                    attribute,
                ))
                .send()
                .await?,
        ),
        "ExecuteStatement" => {
            drop(
                client
                    .execute_statement()
                    .statement(statement(input))
                    .send()
                    .await?,
            );
        }
        "BatchExecuteStatement" => {
            let statements = list(&input["Statements"], |one| {
                let request = BatchStatementRequest::builder().statement(statement(one));
                request.build().unwrap()
            });
            let call = client.batch_execute_statement();
            drop(call.set_statements(Some(statements)).send().await?);
        }
        "ExecuteTransaction" => {
            let statements = list(&input["TransactStatements"], |one| {
                let request = ParameterizedStatement::builder().statement(statement(one));
                request.build().unwrap()
            });
            let call = client.execute_transaction();
            drop(
                call.set_transact_statements(Some(statements))
                    .send()
                    .await?,
            );
        }
        other => panic!("no vector has the operation {other} yet"),
    }
    Ok(())
}
