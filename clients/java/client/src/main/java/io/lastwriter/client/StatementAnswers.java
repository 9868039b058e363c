package io.lastwriter.client;

import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import software.amazon.awssdk.core.SdkRequest;
import software.amazon.awssdk.core.SdkResponse;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.BatchExecuteStatementRequest;
import software.amazon.awssdk.services.dynamodb.model.BatchExecuteStatementResponse;
import software.amazon.awssdk.services.dynamodb.model.BatchStatementRequest;
import software.amazon.awssdk.services.dynamodb.model.ExecuteStatementRequest;
import software.amazon.awssdk.services.dynamodb.model.ExecuteStatementResponse;
import software.amazon.awssdk.services.dynamodb.model.ExecuteTransactionRequest;
import software.amazon.awssdk.services.dynamodb.model.ExecuteTransactionResponse;
import software.amazon.awssdk.services.dynamodb.model.ParameterizedStatement;

/** The answers of PartiQL statements. What they write is not known, so the tables that they name are forgotten. */
final class StatementAnswers {
    private final SeenItems seen;

    StatementAnswers(SeenItems seen) {
        this.seen = seen;
    }

    /** The texts of a call's statements; null if it is no call of statements. */
    static String statements(SdkRequest request) {
        if (request instanceof ExecuteStatementRequest one) {
            return String.valueOf(one.statement());
        }
        if (request instanceof BatchExecuteStatementRequest batch) {
            return batch.statements().stream()
                    .map(BatchStatementRequest::statement)
                    .collect(Collectors.joining("\n"));
        }
        if (request instanceof ExecuteTransactionRequest transaction) {
            return transaction.transactStatements().stream()
                    .map(ParameterizedStatement::statement)
                    .collect(Collectors.joining("\n"));
        }
        return null;
    }

    void forgetTablesIn(String statements) {
        seen.memory.forgetTables(seen.stamper.endpoint, statements::contains);
    }

    /** What the caller is to see: with stamps if the statements name some. */
    SdkResponse read(String statements, SdkResponse answer) {
        forgetTablesIn(statements);
        if (statements.contains(seen.names.start)) {
            return answer;
        }
        if (answer instanceof ExecuteStatementResponse one) {
            List<Map<String, AttributeValue>> shown =
                    one.items().stream().map(seen::hidden).toList();
            return shown.equals(one.items()) ? one : one.toBuilder().items(shown).build();
        }
        if (answer instanceof BatchExecuteStatementResponse batch && batch.hasResponses()) {
            return batch.toBuilder()
                    .responses(batch.responses().stream()
                            .map(one -> one.hasItem()
                                    ? one.toBuilder().item(seen.hidden(one.item())).build()
                                    : one)
                            .toList())
                    .build();
        }
        if (answer instanceof ExecuteTransactionResponse transaction && transaction.hasResponses()) {
            return transaction.toBuilder()
                    .responses(transaction.responses().stream()
                            .map(one -> one.hasItem()
                                    ? one.toBuilder().item(seen.hidden(one.item())).build()
                                    : one)
                            .toList())
                    .build();
        }
        return answer;
    }
}
