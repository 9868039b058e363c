//! Requests in DynamoDB JSON, as the vectors have them, made into calls of the SDK.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{BoxError, SdkError};
use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{
    AttributeValue, AttributeValueUpdate, BatchStatementRequest, ConditionCheck, Delete,
    DeleteRequest, ExpectedAttributeValue, Get, KeySchemaElement, KeysAndAttributes,
    ParameterizedStatement, Put, PutRequest, TransactGetItem, TransactWriteItem, Update,
    WriteRequest,
};
use serde_json::{Value, json};

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
    let failure = keyword(&input["ReturnValuesOnConditionCheckFailure"]);
    let entry = TransactWriteItem::builder();
    macro_rules! finish {
        ($builder:expr) => {
            $builder
                .set_table_name(table)
                .set_condition_expression(condition)
                .set_expression_attribute_names(names)
                .set_expression_attribute_values(values)
                .set_return_values_on_condition_check_failure(failure)
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

fn keys_and_attributes(request: &Value) -> KeysAndAttributes {
    KeysAndAttributes::builder()
        .set_keys(Some(list(&request["Keys"], item)))
        .set_projection_expression(text(&request["ProjectionExpression"]))
        .set_expression_attribute_names(names(&request["ExpressionAttributeNames"]))
        .build()
        .unwrap()
}

fn transact_get(entry: &Value) -> TransactGetItem {
    let get = Get::builder()
        .set_table_name(text(&entry["Get"]["TableName"]))
        .set_key(map(&entry["Get"]["Key"], attribute));
    TransactGetItem::builder().get(get.build().unwrap()).build()
}

fn strings(value: &Value) -> Option<Vec<String>> {
    value.is_array().then(|| {
        let string = |one: &Value| one.as_str().unwrap().to_owned();
        list(value, string)
    })
}

/// Sends a request as it is, and drops the answer.
pub(super) async fn send(client: &Client, operation: &str, input: &Value) -> Result<(), BoxError> {
    call(client, operation, input).await.map(drop)
}

/// Sends a request as it is. What comes back is the answer, as far as stamps matter in it.
pub(super) async fn call(
    client: &Client,
    operation: &str,
    input: &Value,
) -> Result<Value, BoxError> {
    let statement = |value: &Value| value["Statement"].as_str().unwrap().to_owned();
    let values = || map(&input["ExpressionAttributeValues"], attribute);
    let names = || names(&input["ExpressionAttributeNames"]);
    Ok(match operation {
        "UpdateItem" => {
            let output = update(client, input).send().await?;
            json!({"Attributes": output.attributes.as_ref().map(plain)})
        }
        "PutItem" => {
            let call = client
                .put_item()
                .set_table_name(text(&input["TableName"]))
                .set_item(map(&input["Item"], attribute))
                .set_condition_expression(text(&input["ConditionExpression"]))
                .set_expression_attribute_names(names())
                .set_expression_attribute_values(values())
                .set_expected(expected(&input["Expected"]))
                .set_conditional_operator(keyword(&input["ConditionalOperator"]))
                .set_return_values(keyword(&input["ReturnValues"]));
            json!({"Attributes": call.send().await?.attributes.as_ref().map(plain)})
        }
        "DeleteItem" => {
            let call = client
                .delete_item()
                .set_table_name(text(&input["TableName"]))
                .set_key(map(&input["Key"], attribute))
                .set_condition_expression(text(&input["ConditionExpression"]))
                .set_return_values(keyword(&input["ReturnValues"]));
            json!({"Attributes": call.send().await?.attributes.as_ref().map(plain)})
        }
        "TransactWriteItems" => {
            let call = client
                .transact_write_items()
                .set_transact_items(Some(list(&input["TransactItems"], transact_item)))
                .set_client_request_token(text(&input["ClientRequestToken"]));
            call.send().await?;
            json!({})
        }
        "BatchWriteItem" => {
            let call = client
                .batch_write_item()
                .set_request_items(Some(request_items(&input["RequestItems"])))
                .set_return_consumed_capacity(keyword(&input["ReturnConsumedCapacity"]));
            let left = call.send().await?.unprocessed_items;
            let plain = |entries: &Vec<WriteRequest>| plain_list(entries, plain_write);
            json!({"UnprocessedItems": left.map(|left| plain_map(&left, plain))})
        }
        "GetItem" => {
            let call = client
                .get_item()
                .set_table_name(text(&input["TableName"]))
                .set_key(map(&input["Key"], attribute))
                .set_projection_expression(text(&input["ProjectionExpression"]))
                .set_expression_attribute_names(names())
                .set_attributes_to_get(strings(&input["AttributesToGet"]));
            json!({"Item": call.send().await?.item.as_ref().map(plain)})
        }
        "Query" => {
            let call = client
                .query()
                .set_table_name(text(&input["TableName"]))
                .set_index_name(text(&input["IndexName"]))
                .set_key_condition_expression(text(&input["KeyConditionExpression"]))
                .set_filter_expression(text(&input["FilterExpression"]))
                .set_projection_expression(text(&input["ProjectionExpression"]))
                .set_expression_attribute_names(names())
                .set_expression_attribute_values(values())
                .set_select(keyword(&input["Select"]));
            let output = call.send().await?;
            page(
                &output.items,
                [output.count, output.scanned_count],
                &output.last_evaluated_key,
            )
        }
        "Scan" => {
            let call = client
                .scan()
                .set_table_name(text(&input["TableName"]))
                .set_index_name(text(&input["IndexName"]))
                .set_limit(
                    input["Limit"]
                        .as_i64()
                        .map(|limit| limit.try_into().unwrap()),
                );
            let output = call.send().await?;
            page(
                &output.items,
                [output.count, output.scanned_count],
                &output.last_evaluated_key,
            )
        }
        "BatchGetItem" => {
            let call = client
                .batch_get_item()
                .set_request_items(map(&input["RequestItems"], keys_and_attributes));
            let output = call.send().await?;
            let found = output.responses.unwrap_or_default();
            let left = output.unprocessed_keys.unwrap_or_default();
            json!({
                "Responses": plain_map(&found, |items| plain_list(items, plain)),
                "UnprocessedKeys": plain_map(&left, |left| json!({"Keys": plain_list(&left.keys, plain)})),
            })
        }
        "TransactGetItems" => {
            let call = client
                .transact_get_items()
                .set_transact_items(Some(list(&input["TransactItems"], transact_get)));
            let responses = call.send().await?.responses.unwrap_or_default();
            json!({"Responses": plain_list(&responses, |one| {
                set(json!({"Item": one.item.as_ref().map(plain)}))
            })})
        }
        "DescribeTable" => {
            let call = client
                .describe_table()
                .set_table_name(text(&input["TableName"]));
            let table = call.send().await?.table.unwrap();
            let key = |key: &KeySchemaElement| json!({"AttributeName": key.attribute_name, "KeyType": key.key_type.as_str()});
            let keys = plain_list(&table.key_schema.unwrap(), key);
            json!({"Table": {"TableName": table.table_name, "KeySchema": keys}})
        }
        "DeleteTable" => {
            let call = client.delete_table();
            call.set_table_name(text(&input["TableName"]))
                .send()
                .await?;
            json!({})
        }
        "ExecuteStatement" => {
            let call = client.execute_statement().statement(statement(input));
            page(&call.send().await?.items, [0, 0], &None)
        }
        "BatchExecuteStatement" => {
            let statements = list(&input["Statements"], |one| {
                let request = BatchStatementRequest::builder().statement(statement(one));
                request.build().unwrap()
            });
            let call = client.batch_execute_statement();
            let output = call.set_statements(Some(statements)).send().await?;
            let responses = output.responses.unwrap_or_default();
            json!({"Responses": plain_list(&responses, |one| {
                set(json!({"TableName": one.table_name, "Item": one.item.as_ref().map(plain)}))
            })})
        }
        "ExecuteTransaction" => {
            let statements = list(&input["TransactStatements"], |one| {
                let request = ParameterizedStatement::builder().statement(statement(one));
                request.build().unwrap()
            });
            let call = client.execute_transaction();
            let output = call
                .set_transact_statements(Some(statements))
                .send()
                .await?;
            let responses = output.responses.unwrap_or_default();
            json!({"Responses": plain_list(&responses, |one| {
                set(json!({"Item": one.item.as_ref().map(plain)}))
            })})
        }
        other => panic!("no vector has the operation {other} yet"),
    })
}

/// What the SDK lets the caller see of an error that has items.
pub(super) fn error_items(error: &BoxError) -> Value {
    macro_rules! failed {
        ($error:ident) => {
            if let Some(error) = error.downcast_ref::<SdkError<$error>>()
                && let Some($error::ConditionalCheckFailedException(failed)) =
                    error.as_service_error()
            {
                return json!({"Item": failed.item.as_ref().map(plain)});
            }
        };
    }
    failed!(UpdateItemError);
    failed!(PutItemError);
    failed!(DeleteItemError);
    if let Some(error) = error.downcast_ref::<SdkError<TransactWriteItemsError>>()
        && let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) =
            error.as_service_error()
    {
        let reasons = cancelled.cancellation_reasons.as_ref().unwrap();
        return json!({"CancellationReasons": plain_list(reasons, |one| {
            set(json!({"Code": one.code, "Item": one.item.as_ref().map(plain)}))
        })});
    }
    json!({})
}

fn page(items: &Option<Vec<Item>>, [count, scanned]: [i32; 2], last: &Option<Item>) -> Value {
    // The SDK reads an absent number as 0.
    let number = |number: i32| (number != 0).then_some(number);
    json!({
        "Items": items.as_ref().map(|items| plain_list(items, plain)),
        "Count": number(count),
        "ScannedCount": number(scanned),
        "LastEvaluatedKey": last.as_ref().map(plain),
    })
}

/// An item as JSON has it.
pub(super) fn plain(item: &Item) -> Value {
    plain_map(item, plain_attribute)
}

fn plain_attribute(value: &AttributeValue) -> Value {
    match value {
        AttributeValue::S(text) => json!({"S": text}),
        AttributeValue::N(number) => json!({"N": number}),
        AttributeValue::Bool(is) => json!({"BOOL": is}),
        other => panic!("no answer of a vector has {other:?} yet"),
    }
}

fn plain_write(entry: &WriteRequest) -> Value {
    let put = entry.put_request.as_ref();
    let delete = entry.delete_request.as_ref();
    set(json!({
        "PutRequest": put.map(|put| json!({"Item": plain(&put.item)})),
        "DeleteRequest": delete.map(|delete| json!({"Key": plain(&delete.key)})),
    }))
}

fn plain_map<T>(map: &HashMap<String, T>, of: impl Fn(&T) -> Value) -> Value {
    let entries = map.iter().map(|(name, one)| (name.clone(), of(one)));
    Value::Object(entries.collect())
}

fn plain_list<T>(list: &[T], of: impl Fn(&T) -> Value) -> Value {
    list.iter().map(of).collect()
}

/// An object without what is not set.
fn set(mut value: Value) -> Value {
    let fields = value.as_object_mut().unwrap();
    fields.retain(|_, field| !field.is_null());
    value
}
