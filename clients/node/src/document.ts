/** `softDelete` and `revive` for the document client: keys and values are JavaScript values. */
import {
  UpdateCommand,
  type DynamoDBDocumentClient,
  type UpdateCommandInput,
  type UpdateCommandOutput,
} from "@aws-sdk/lib-dynamodb";
import { reviveInput, softDeleteInput, type ReviveOptions, type SoftDeleteOptions } from "./soft-delete.js";

const JAVASCRIPT = { boolean: (value: boolean) => value, number: (value: number) => value };

/** As `softDelete` of the package's main entry, for a document client. */
export async function softDelete(
  client: DynamoDBDocumentClient,
  input: UpdateCommandInput & SoftDeleteOptions,
): Promise<UpdateCommandOutput> {
  return client.send(new UpdateCommand(softDeleteInput(client, JAVASCRIPT, input)));
}

/** As `revive` of the package's main entry, for a document client. */
export async function revive(
  client: DynamoDBDocumentClient,
  input: UpdateCommandInput & ReviveOptions,
): Promise<UpdateCommandOutput> {
  return client.send(new UpdateCommand(reviveInput(client, input)));
}
