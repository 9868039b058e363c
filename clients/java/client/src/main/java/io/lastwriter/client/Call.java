package io.lastwriter.client;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import software.amazon.awssdk.core.SdkRequest;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.BatchWriteItemRequest;
import software.amazon.awssdk.services.dynamodb.model.DeleteItemRequest;
import software.amazon.awssdk.services.dynamodb.model.PutItemRequest;
import software.amazon.awssdk.services.dynamodb.model.TransactWriteItem;
import software.amazon.awssdk.services.dynamodb.model.TransactWriteItemsRequest;
import software.amazon.awssdk.services.dynamodb.model.UpdateItemRequest;

/**
 * A call whose answer is awaited.
 *
 * @param asked what the caller asked for
 * @param stamped the same with its stamp; null if nothing was stamped
 */
record Call(Stamper stamper, SdkRequest asked, Stamped stamped) {
    enum Kind {
        PUT,
        UPDATE,
        DELETE,
        CHECK
    }

    /**
     * One write of a call.
     *
     * @param content what has the key attributes: an item or a key
     * @param stamps what a put was stamped with; null if it was not
     */
    record Write(Kind kind, String table, Map<String, AttributeValue> content, Stamps stamps) {}

    /** The time in its stamp, in microseconds; null if nothing was stamped. */
    Long time() {
        return stamped == null ? null : stamped.time();
    }

    /** The stamps of its puts, in their order; null for one that has none. */
    List<Stamps> puts() {
        return stamped == null ? List.of() : stamped.puts();
    }

    /** What the call writes. */
    List<Write> writes() {
        if (asked instanceof UpdateItemRequest update) {
            return List.of(new Write(Kind.UPDATE, update.tableName(), update.key(), null));
        }
        if (asked instanceof PutItemRequest put) {
            return List.of(new Write(Kind.PUT, put.tableName(), put.item(), next(puts().iterator())));
        }
        if (asked instanceof DeleteItemRequest delete) {
            return List.of(new Write(Kind.DELETE, delete.tableName(), delete.key(), null));
        }
        List<Write> writes = new ArrayList<>();
        if (asked instanceof TransactWriteItemsRequest) {
            for (Write write : transaction()) {
                if (write.kind != Kind.CHECK) {
                    writes.add(write);
                }
            }
        } else if (asked instanceof BatchWriteItemRequest batch) {
            Iterator<Stamps> stamps = puts().iterator();
            batch.requestItems().forEach((table, entries) -> entries.forEach(entry -> {
                if (entry.putRequest() != null) {
                    writes.add(new Write(Kind.PUT, table, entry.putRequest().item(), next(stamps)));
                } else if (entry.deleteRequest() != null) {
                    writes.add(new Write(Kind.DELETE, table, entry.deleteRequest().key(), null));
                }
            }));
        }
        return writes;
    }

    /** The entries of a transaction, its checks among them. */
    List<Write> transaction() {
        List<Write> writes = new ArrayList<>();
        if (asked instanceof TransactWriteItemsRequest transaction) {
            Iterator<Stamps> stamps = puts().iterator();
            for (TransactWriteItem entry : transaction.transactItems()) {
                if (entry.put() != null) {
                    writes.add(new Write(Kind.PUT, entry.put().tableName(), entry.put().item(), next(stamps)));
                } else if (entry.update() != null) {
                    writes.add(new Write(Kind.UPDATE, entry.update().tableName(), entry.update().key(), null));
                } else if (entry.delete() != null) {
                    writes.add(new Write(Kind.DELETE, entry.delete().tableName(), entry.delete().key(), null));
                } else if (entry.conditionCheck() != null) {
                    writes.add(new Write(
                            Kind.CHECK, entry.conditionCheck().tableName(), entry.conditionCheck().key(), null));
                }
            }
        }
        return writes;
    }

    static Stamps next(Iterator<Stamps> stamps) {
        return stamps.hasNext() ? stamps.next() : null;
    }
}
