package io.lastwriter.client;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import software.amazon.awssdk.core.SdkRequest;
import software.amazon.awssdk.core.SdkResponse;
import software.amazon.awssdk.core.exception.SdkServiceException;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.BatchGetItemRequest;
import software.amazon.awssdk.services.dynamodb.model.BatchGetItemResponse;
import software.amazon.awssdk.services.dynamodb.model.BatchWriteItemRequest;
import software.amazon.awssdk.services.dynamodb.model.BatchWriteItemResponse;
import software.amazon.awssdk.services.dynamodb.model.CancellationReason;
import software.amazon.awssdk.services.dynamodb.model.ConditionalCheckFailedException;
import software.amazon.awssdk.services.dynamodb.model.CreateTableResponse;
import software.amazon.awssdk.services.dynamodb.model.DeleteItemRequest;
import software.amazon.awssdk.services.dynamodb.model.DeleteItemResponse;
import software.amazon.awssdk.services.dynamodb.model.DeleteTableRequest;
import software.amazon.awssdk.services.dynamodb.model.DescribeTableResponse;
import software.amazon.awssdk.services.dynamodb.model.GetItemRequest;
import software.amazon.awssdk.services.dynamodb.model.GetItemResponse;
import software.amazon.awssdk.services.dynamodb.model.KeySchemaElement;
import software.amazon.awssdk.services.dynamodb.model.PutItemRequest;
import software.amazon.awssdk.services.dynamodb.model.PutItemResponse;
import software.amazon.awssdk.services.dynamodb.model.QueryRequest;
import software.amazon.awssdk.services.dynamodb.model.QueryResponse;
import software.amazon.awssdk.services.dynamodb.model.ScanRequest;
import software.amazon.awssdk.services.dynamodb.model.ScanResponse;
import software.amazon.awssdk.services.dynamodb.model.TableDescription;
import software.amazon.awssdk.services.dynamodb.model.TransactGetItemsRequest;
import software.amazon.awssdk.services.dynamodb.model.TransactGetItemsResponse;
import software.amazon.awssdk.services.dynamodb.model.TransactWriteItemsRequest;
import software.amazon.awssdk.services.dynamodb.model.TransactionCanceledException;
import software.amazon.awssdk.services.dynamodb.model.UpdateItemRequest;
import software.amazon.awssdk.services.dynamodb.model.UpdateItemResponse;

/**
 * What is done with DynamoDB's answers.
 *
 * <p>An answer tells what its process has now seen, a write that went through what it has written. Where an answer leaves it
 * open what an item's stamps are now, the item is forgotten: its next put says that it knows no history.
 */
final class Answers {
    private final SeenItems seen;
    private final ReadAnswers reads;
    private final WriteAnswers writes;
    private final StatementAnswers statements;

    Answers(Stamper stamper) {
        this.seen = new SeenItems(stamper);
        this.reads = new ReadAnswers(seen);
        this.writes = new WriteAnswers(seen);
        this.statements = new StatementAnswers(seen);
    }

    /** The answer of a call that went through, as the caller is to see it. */
    SdkResponse read(Call call, SdkResponse answer) {
        SdkRequest asked = call.asked();
        if (asked instanceof GetItemRequest get && answer instanceof GetItemResponse got) {
            return reads.get(get, got);
        } else if (asked instanceof QueryRequest query && answer instanceof QueryResponse page) {
            return reads.query(query, page);
        } else if (asked instanceof ScanRequest scan && answer instanceof ScanResponse page) {
            return reads.scan(scan, page);
        } else if (asked instanceof BatchGetItemRequest batch && answer instanceof BatchGetItemResponse got) {
            return reads.batchGet(batch, got);
        } else if (asked instanceof TransactGetItemsRequest gets && answer instanceof TransactGetItemsResponse got) {
            return reads.transactGet(gets, got);
        } else if (asked instanceof UpdateItemRequest update && answer instanceof UpdateItemResponse made) {
            return writes.update(call, update, made);
        } else if (asked instanceof PutItemRequest put && answer instanceof PutItemResponse made) {
            return writes.put(call, put, made);
        } else if (asked instanceof DeleteItemRequest delete && answer instanceof DeleteItemResponse made) {
            return writes.delete(call, delete, made);
        } else if (asked instanceof BatchWriteItemRequest batch && answer instanceof BatchWriteItemResponse made) {
            return writes.batch(call, batch, made);
        } else if (asked instanceof TransactWriteItemsRequest transaction) {
            writes.transaction(call, transaction);
        } else if (answer instanceof DescribeTableResponse described && described.table() != null) {
            learn(described.table());
        } else if (answer instanceof CreateTableResponse created && created.tableDescription() != null) {
            learn(created.tableDescription());
        } else if (asked instanceof DeleteTableRequest deleted) {
            seen.memory.forgetTable(seen.stamper.table(deleted.tableName()));
        } else {
            String texts = StatementAnswers.statements(asked);
            return texts == null ? answer : statements.read(texts, answer);
        }
        return answer;
    }

    private void learn(TableDescription table) {
        List<String> names =
                table.keySchema().stream().map(KeySchemaElement::attributeName).toList();
        if (!names.isEmpty() && seen.stamper.covers(table.tableName())) {
            seen.memory.learnKeyNames(seen.stamper.table(table.tableName()), names);
        }
    }

    /** The error of a call that did not go through, as the caller is to see it. */
    Throwable failed(Call call, Throwable error) {
        boolean refused = error instanceof SdkServiceException answer && answer.statusCode() < 500;
        if (!refused) {
            lost(call);
            return error;
        }
        // It may hold items, where the caller asked for them.
        if (error instanceof ConditionalCheckFailedException failed && failed.hasItem()) {
            return conditionFailed(call, failed);
        }
        if (error instanceof TransactionCanceledException cancelled) {
            return cancelled(call, cancelled);
        }
        return error;
    }

    /** No answer came, or one that leaves open whether the write was made: what it wrote to is not known now. */
    private void lost(Call call) {
        for (Call.Write write : call.writes()) {
            seen.memory.forget(seen.stamper.table(write.table()), write.content());
        }
        String texts = StatementAnswers.statements(call.asked());
        if (texts != null) {
            statements.forgetTablesIn(texts);
        }
    }

    private Throwable conditionFailed(Call call, ConditionalCheckFailedException error) {
        for (Call.Write write : call.writes()) {
            if (write.kind() != Call.Kind.PUT && seen.stamper.covers(write.table())) {
                Memory.Table table = seen.stamper.table(write.table());
                seen.memory.learnKeyNames(table, write.content().keySet());
            }
            Map<String, AttributeValue> shown = seen.whole(write.table(), error.item(), write.content());
            if (shown != error.item()) {
                return likeness(error, error.toBuilder().item(shown).build());
            }
        }
        return error;
    }

    private Throwable cancelled(Call call, TransactionCanceledException error) {
        List<Call.Write> writes = call.transaction();
        List<CancellationReason> reasons = new ArrayList<>(error.cancellationReasons());
        boolean changed = false;
        for (int number = 0; number < Math.min(writes.size(), reasons.size()); number++) {
            CancellationReason reason = reasons.get(number);
            if (reason.hasItem()) {
                Call.Write write = writes.get(number);
                Map<String, AttributeValue> shown = seen.whole(write.table(), reason.item(), write.content());
                changed |= shown != reason.item();
                reasons.set(number, reason.toBuilder().item(shown).build());
            }
        }
        return changed ? likeness(error, error.toBuilder().cancellationReasons(reasons).build()) : error;
    }

    /** An exception that takes the place of another keeps where it was thrown, and the attempts that it tells of. */
    private static <T extends Throwable> T likeness(T original, T copy) {
        copy.setStackTrace(original.getStackTrace());
        for (Throwable suppressed : original.getSuppressed()) {
            copy.addSuppressed(suppressed);
        }
        return copy;
    }
}
