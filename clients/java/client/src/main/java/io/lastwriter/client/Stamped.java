package io.lastwriter.client;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import software.amazon.awssdk.core.SdkRequest;
import software.amazon.awssdk.services.dynamodb.model.BatchWriteItemRequest;
import software.amazon.awssdk.services.dynamodb.model.PutItemRequest;
import software.amazon.awssdk.services.dynamodb.model.PutRequest;
import software.amazon.awssdk.services.dynamodb.model.TransactWriteItem;
import software.amazon.awssdk.services.dynamodb.model.TransactWriteItemsRequest;
import software.amazon.awssdk.services.dynamodb.model.UpdateItemRequest;
import software.amazon.awssdk.services.dynamodb.model.WriteRequest;

/**
 * A request and its stamp. Where a batch or a transaction has several writes, each has one.
 *
 * @param asked the request without its stamp
 * @param writes its writes with their stamps, in their order; null for one that stays as it is
 * @param time the time in the stamp, in microseconds
 * @param puts the stamps of its puts, in their order; null for one that could not be stamped
 */
record Stamped(SdkRequest asked, List<StampedWrite> writes, long time, List<Stamps> puts) {
    /** The request with its stamp. It is made anew each time, which takes the SDK's builders a while. */
    SdkRequest request() {
        Iterator<StampedWrite> stamped = writes.iterator();
        if (asked instanceof UpdateItemRequest update) {
            return update(update, stamped.next());
        }
        if (asked instanceof PutItemRequest put) {
            StampedWrite.Put write = (StampedWrite.Put) stamped.next();
            return put.toBuilder().item(write.item()).build();
        }
        if (asked instanceof TransactWriteItemsRequest transaction) {
            List<TransactWriteItem> entries = new ArrayList<>(writes.size());
            transaction.transactItems().forEach(entry -> entries.add(entry(entry, stamped.next())));
            return transaction.toBuilder().transactItems(entries).build();
        }
        BatchWriteItemRequest batch = (BatchWriteItemRequest) asked;
        Map<String, List<WriteRequest>> tables = new LinkedHashMap<>();
        batch.requestItems().forEach((table, requests) -> {
            List<WriteRequest> entries = new ArrayList<>(requests.size());
            requests.forEach(request -> entries.add(entry(request, stamped.next())));
            tables.put(table, entries);
        });
        return batch.toBuilder().requestItems(tables).build();
    }

    private static UpdateItemRequest update(UpdateItemRequest asked, StampedWrite stamped) {
        return stamped instanceof StampedWrite.Legacy legacy
                ? asked.toBuilder().attributeUpdates(legacy.updates()).build()
                : ((StampedWrite.Update) stamped).text().in(asked);
    }

    private static TransactWriteItem entry(TransactWriteItem asked, StampedWrite stamped) {
        if (stamped instanceof StampedWrite.Update update) {
            return asked.toBuilder().update(update.text().in(asked.update())).build();
        }
        if (stamped instanceof StampedWrite.Put put) {
            return asked.toBuilder()
                    .put(asked.put().toBuilder().item(put.item()).build())
                    .build();
        }
        return asked;
    }

    private static WriteRequest entry(WriteRequest asked, StampedWrite stamped) {
        return stamped instanceof StampedWrite.Put put
                ? WriteRequest.builder()
                        .putRequest(PutRequest.builder().item(put.item()).build())
                        .build()
                : asked;
    }
}
