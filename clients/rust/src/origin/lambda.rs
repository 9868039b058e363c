//! The records of a Lambda event, as `aws_lambda_events` has them.

use std::collections::HashMap;

use aws_lambda_events::event::dynamodb::EventRecord;
use serde_dynamo::{AttributeValue, Item};

use super::{ImageValue, StreamRecord};

impl StreamRecord for EventRecord {
    type Value = AttributeValue;

    fn event_name(&self) -> &str {
        &self.event_name
    }

    fn region(&self) -> Option<&str> {
        present(&self.aws_region)
    }

    fn stream_arn(&self) -> Option<&str> {
        self.event_source_arn.as_deref()
    }

    fn identity(&self) -> Option<(&str, &str)> {
        let identity = self.user_identity.as_ref()?;
        Some((&identity.type_, &identity.principal_id))
    }

    fn old_image(&self) -> Option<&HashMap<String, AttributeValue>> {
        image(&self.change.old_image)
    }

    fn new_image(&self) -> Option<&HashMap<String, AttributeValue>> {
        image(&self.change.new_image)
    }
}

fn present(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

/// What the record does not have is empty here. An item has a key at least.
fn image(item: &Item) -> Option<&HashMap<String, AttributeValue>> {
    (!item.is_empty()).then(|| item.inner())
}

impl ImageValue for AttributeValue {
    fn number(&self) -> Option<&str> {
        match self {
            Self::N(number) => Some(number),
            _ => None,
        }
    }

    fn text(&self) -> Option<&str> {
        match self {
            Self::S(text) => Some(text),
            _ => None,
        }
    }

    fn is_true(&self) -> bool {
        matches!(self, Self::Bool(true))
    }
}
