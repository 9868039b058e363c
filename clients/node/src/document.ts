/** `softDelete`, `revive` and `remembered` for the document client: keys and values are JavaScript values. */
import {
  UpdateCommand,
  type DynamoDBDocumentClient,
  type UpdateCommandInput,
  type UpdateCommandOutput,
} from "@aws-sdk/lib-dynamodb";
import { remembered as rememberedByClient } from "./history.js";
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

/** As `remembered` of the package's main entry, for a document client: the stamps as numbers. */
export function remembered(
  client: DynamoDBDocumentClient,
  item: { TableName: string; Key: Record<string, any> },
): Record<string, number> {
  const attributes = Object.entries(rememberedByClient(client, item));
  return Object.fromEntries(attributes.map(([name, { N }]) => [name, Number(N)]));
}
