package io.lastwriter.client;

import software.amazon.awssdk.enhanced.dynamodb.extensions.annotations.DynamoDbVersionAttribute;
import software.amazon.awssdk.enhanced.dynamodb.mapper.annotations.DynamoDbBean;

/** The same with a version, which the Enhanced Client counts and puts under a condition. */
@DynamoDbBean
public class VersionedOrder extends Order {
    private Long version;

    public VersionedOrder() {}

    VersionedOrder(String customer, String number, String address) {
        super(customer, number, address);
    }

    @DynamoDbVersionAttribute
    public Long getVersion() {
        return version;
    }

    public void setVersion(Long version) {
        this.version = version;
    }
}
