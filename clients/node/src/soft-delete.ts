/**
 * Marking an item as deleted, and bringing it back, each in one stamped UpdateItem.
 *
 * A DeleteItem leaves nothing behind that could carry a stamp, so a conflict with it cannot be told. A mark can.
 */
import { NotInstrumented } from "./errors.js";
import { extend, placeholderSuffix, type Keyword } from "./expression.js";
import { shared, type Instrumented } from "./process.js";

/** A week: longer than a stream's 24 hours, and than most outages that delay replication. */
export const DEFAULT_EXPIRES_IN_SECONDS = 604_800;

/** What both calls take besides the parameters of UpdateItem. */
export interface MarkOptions {
  /** The table's TTL attribute. */
  ttlAttribute: string;
}

/** What `softDelete` takes besides the parameters of UpdateItem. */
export interface SoftDeleteOptions extends MarkOptions {
  /** How long until TTL may purge the item. A week by default. */
  expiresInSeconds?: number;
}

/** What `revive` takes besides the parameters of UpdateItem. */
export interface ReviveOptions extends MarkOptions {
  /**
   * Fail with ConditionalCheckFailedException where the item is not marked, so that nothing is made of an item that TTL has
   * purged. Comes on top of the caller's condition. `false` writes in any case. Default `true`.
   */
  onlyDeleted?: boolean;
}

/** How a client writes values: in DynamoDB JSON, or as JavaScript values. */
export interface Values {
  boolean(value: boolean): unknown;
  number(value: number): unknown;
}

/** The parameters of UpdateItem that are looked at here. */
interface Update {
  TableName?: string;
  UpdateExpression?: string;
  ConditionExpression?: string;
  ExpressionAttributeNames?: Record<string, string>;
  ExpressionAttributeValues?: Record<string, any>;
  AttributeUpdates?: unknown;
  Expected?: unknown;
  ConditionalOperator?: unknown;
}

/** The UpdateItem parameters that mark an item as deleted. */
export function softDeleteInput<Input extends Update>(
  client: { middlewareStack: object },
  values: Values,
  { ttlAttribute, expiresInSeconds = DEFAULT_EXPIRES_IN_SECONDS, ...input }: Input & SoftDeleteOptions,
): Input {
  const request = input as unknown as Update;
  const instrumented = check(client, request);
  const suffix = suffixFor(request);
  const expires = Number(instrumented.clock() / 1_000_000n) + Math.trunc(expiresInSeconds);
  return {
    ...request,
    UpdateExpression: extended(request, "SET", `#lwd${suffix} = :lwd${suffix}, #lwx${suffix} = :lwx${suffix}`),
    ExpressionAttributeNames: names(request, instrumented, suffix, ttlAttribute),
    ExpressionAttributeValues: {
      ...request.ExpressionAttributeValues,
      [`:lwd${suffix}`]: values.boolean(true),
      [`:lwx${suffix}`]: values.number(expires),
    },
  } as unknown as Input;
}

/** The UpdateItem parameters that bring an item back. */
export function reviveInput<Input extends Update>(
  client: { middlewareStack: object },
  { ttlAttribute, onlyDeleted = true, ...input }: Input & ReviveOptions,
): Input {
  const request = input as unknown as Update;
  const instrumented = check(client, request);
  const suffix = suffixFor(request);
  const own = request.ConditionExpression ?? undefined;
  const marked = `attribute_exists(#lwd${suffix})`;
  const condition = !onlyDeleted ? own : own === undefined ? marked : `${marked} AND (${own})`;
  return {
    ...request,
    UpdateExpression: extended(request, "REMOVE", `#lwd${suffix}, #lwx${suffix}`),
    ...(condition === undefined ? {} : { ConditionExpression: condition }),
    ExpressionAttributeNames: names(request, instrumented, suffix, ttlAttribute),
  } as unknown as Input;
}

function check(client: { middlewareStack: object }, request: Update): Instrumented {
  const instrumented = shared.instrumented.get(client.middlewareStack);
  if (instrumented === undefined) {
    throw new NotInstrumented("call client.middlewareStack.use(lastwriter()) on this client first");
  }
  if (!instrumented.tables.covers(request.TableName)) {
    throw new NotInstrumented("this table is not among those that lastwriter() was told to stamp");
  }
  for (const name of ["AttributeUpdates", "Expected", "ConditionalOperator"] as const) {
    if (request[name] != null) throw new TypeError(`${name} is not supported here: use expressions`);
  }
  return instrumented;
}

function suffixFor(request: Update): string {
  const texts = [request.UpdateExpression ?? "", request.ConditionExpression ?? ""];
  const { ExpressionAttributeNames: own = {}, ExpressionAttributeValues: values = {} } = request;
  return placeholderSuffix(["lwd", "lwx"], texts, own, values);
}

function names(request: Update, { names: { deleted } }: Instrumented, suffix: string, ttlAttribute: string) {
  return {
    ...request.ExpressionAttributeNames,
    [`#lwd${suffix}`]: deleted,
    [`#lwx${suffix}`]: ttlAttribute,
  };
}

function extended(request: Update, keyword: Keyword, actions: string): string {
  const expression = extend(request.UpdateExpression ?? undefined, [[keyword, actions]]);
  // An expression that cannot be extended is one that DynamoDB rejects: it must not pass for a delete.
  if (expression === undefined) throw new TypeError("UpdateExpression is not a valid update expression");
  return expression;
}
