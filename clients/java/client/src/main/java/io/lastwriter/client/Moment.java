package io.lastwriter.client;

import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

/** The time of one call, which all of its writes carry: in microseconds, and as an attribute. */
record Moment(long micros, AttributeValue attribute) {
    static Moment of(long micros) {
        return new Moment(micros, StampNames.number(micros));
    }
}
