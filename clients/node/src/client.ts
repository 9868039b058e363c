import {
  UpdateItemCommand,
  type DynamoDBClient,
  type UpdateItemCommandInput,
  type UpdateItemCommandOutput,
} from "@aws-sdk/client-dynamodb";
import { reviveInput, softDeleteInput, type ReviveOptions, type SoftDeleteOptions } from "./soft-delete.js";

const DYNAMODB_JSON = {
  boolean: (value: boolean) => ({ BOOL: value }),
  number: (value: number) => ({ N: String(value) }),
};

/**
 * Mark an item as deleted and let DynamoDB's TTL purge it later, in one stamped UpdateItem.
 *
 * The item stays until TTL removes it: reads return it, with `lw:deleted`, and conditional creates on its key fail. Without
 * a condition a mark is also left where there was no item, as UpdateItem does. Takes further parameters of UpdateItem:
 * ConditionExpression, an UpdateExpression of your own, ReturnValues. With a document client use `lastwriter/document`.
 *
 * @throws NotInstrumented if the client is not stamped, or this table is not.
 */
export async function softDelete(
  client: DynamoDBClient,
  input: UpdateItemCommandInput & SoftDeleteOptions,
): Promise<UpdateItemCommandOutput> {
  return client.send(new UpdateItemCommand(softDeleteInput(client, DYNAMODB_JSON, input)));
}

/**
 * Bring back an item that `softDelete` marked: remove the mark and the TTL attribute in one stamped UpdateItem.
 *
 * Pass an UpdateExpression to give it new contents in the same write, which is how an item is created again.
 *
 * @throws NotInstrumented if the client is not stamped, or this table is not.
 */
export async function revive(
  client: DynamoDBClient,
  input: UpdateItemCommandInput & ReviveOptions,
): Promise<UpdateItemCommandOutput> {
  return client.send(new UpdateItemCommand(reviveInput(client, input)));
}
