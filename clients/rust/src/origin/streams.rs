//! The records of the Streams API, as `aws-sdk-dynamodbstreams` has them.

use std::collections::HashMap;

use aws_sdk_dynamodbstreams::types::{AttributeValue, Record};

use super::{ImageValue, StreamRecord};

impl StreamRecord for Record {
    type Value = AttributeValue;

    fn event_name(&self) -> &str {
        self.event_name.as_ref().map_or("", |name| name.as_str())
    }

    fn region(&self) -> Option<&str> {
        self.aws_region.as_deref()
    }

    fn stream_arn(&self) -> Option<&str> {
        None // It says which stream it is of nowhere.
    }

    fn identity(&self) -> Option<(&str, &str)> {
        let identity = self.user_identity.as_ref()?;
        identity
            .r#type
            .as_deref()
            .zip(identity.principal_id.as_deref())
    }

    fn old_image(&self) -> Option<&HashMap<String, AttributeValue>> {
        self.dynamodb.as_ref()?.old_image.as_ref()
    }

    fn new_image(&self) -> Option<&HashMap<String, AttributeValue>> {
        self.dynamodb.as_ref()?.new_image.as_ref()
    }
}

impl ImageValue for AttributeValue {
    fn number(&self) -> Option<&str> {
        self.as_n().ok().map(String::as_str)
    }

    fn text(&self) -> Option<&str> {
        self.as_s().ok().map(String::as_str)
    }

    fn is_true(&self) -> bool {
        self.as_bool() == Ok(&true)
    }
}
