/**
 * Hooks the stamper into the AWS SDK's middleware.
 *
 * It stands right behind the middleware that resolves the endpoint, in the serialize step. There the document client has
 * turned JavaScript values into DynamoDB JSON already, the Region is known, the request is not yet serialised, and the
 * SDK's retries, which happen in a later step, do not come by again. The SDK makes up its own ClientRequestToken while it
 * serialises, so a token seen here is the caller's.
 */
import type { HandlerExecutionContext, InitializeHandler, InitializeMiddleware, Pluggable } from "@smithy/types";
import { neverBack, type Clock } from "./clock.js";
import { LastwriterError, StampError } from "./errors.js";
import { shared } from "./process.js";
import { checkRegion, endpointRegion } from "./region.js";
import { Stamper, tableName, type StamperSettings } from "./stamper.js";

/** The settings of {@link lastwriter}. All can be left out. */
export interface LastwriterOptions {
  /**
   * The Region to stamp with. By default the Region in the endpoint's host name, and for an endpoint that is not AWS's the
   * Region that requests are signed for. Set it if you reach DynamoDB through a proxy.
   */
  region?: string;
  /** The first part of the stamp attributes' names; the stream processor's STAMP_PREFIX. Default `lw`. */
  prefix?: string;
  /** Gives integer microseconds since 1970. By default the system's clock. */
  clock?: Clock;
  /** The tables to stamp, as names or as a function from name to boolean. By default all. */
  tables?: Iterable<string> | ((table: string) => boolean);
  /**
   * Fail with `StampError`, and do not write, where a write cannot be stamped. By default such a write goes out without a
   * stamp, and the first one is logged.
   */
  strict?: boolean;
  /**
   * Table name -> names of its key attributes, so that a put's condition can be understood exactly. By default each
   * attribute of the item that is put is taken for a possible key.
   */
  keys?: Record<string, Iterable<string>>;
  /**
   * What to do with a transaction that has the caller's own ClientRequestToken. `remember` (the default) stamps it, and
   * keeps the stamp for ten minutes for a retry in this process; `leave` leaves such calls alone.
   */
  tokens?: "remember" | "leave";
  /** Where a write that could not be stamped is told, once. By default the console. */
  logger?: { error(message: string): void };
}

const NAME = "lastwriter";
const OPERATIONS: ReadonlyMap<string | undefined, string> = new Map([
  ["UpdateItemCommand", "UpdateItem"],
  ["PutItemCommand", "PutItem"],
  ["TransactWriteItemsCommand", "TransactWriteItems"],
  ["BatchWriteItemCommand", "BatchWriteItem"],
]);

/**
 * A plugin that stamps every write of a DynamoDB client, and of the document clients made from it:
 *
 *     client.middlewareStack.use(lastwriter());
 *
 * UpdateItem, PutItem, BatchWriteItem's puts and TransactWriteItems' updates and puts are stamped. DeleteItem, PartiQL
 * statements and all reads are left alone. Using it again on the same client replaces the settings.
 *
 * @throws RangeError if a setting is wrong.
 */
export function lastwriter(options: LastwriterOptions = {}): Pluggable<any, any> {
  const settings = resolve(options);
  const hook = new Hook(settings, options);
  return {
    applyToStack(stack) {
      stack.addRelativeTo(hook.middleware as InitializeMiddleware<any, any>, {
        name: NAME,
        relation: "after",
        toMiddleware: "endpointV2Middleware",
        override: true,
      });
      shared.instrumented.set(stack, settings);
    },
  };
}

function resolve(options: LastwriterOptions): StamperSettings {
  const { region, prefix = "lw", clock, tables, keys = {}, tokens = "remember" } = options;
  if (region !== undefined) checkRegion(region);
  if (typeof prefix !== "string" || prefix === "" || prefix.includes(":")) {
    throw new RangeError(`prefix ${JSON.stringify(prefix)} must be some text without a colon`);
  }
  if (tokens !== "remember" && tokens !== "leave") {
    throw new RangeError(`tokens ${JSON.stringify(tokens)} must be "remember" or "leave"`);
  }
  if (typeof tables === "string") {
    throw new RangeError(`tables ${JSON.stringify(tables)} must be names or a function, not one name`);
  }
  return {
    prefix,
    clock: clock === undefined ? shared.clock : neverBack(clock),
    covers: chooser(tables),
    keys: new Map(Object.entries(keys).map(([table, names]) => [tableName(table), new Set(names)])),
    tokens,
    memory: shared.tokens,
  };
}

function chooser(tables: LastwriterOptions["tables"]): (table: unknown) => boolean {
  if (tables === undefined) return (table) => typeof table === "string";
  const chosen = typeof tables === "function" ? undefined : new Set([...tables].map(tableName));
  const choose = typeof tables === "function" ? tables : (name: string) => (chosen as Set<string>).has(name);
  return (table) => typeof table === "string" && Boolean(choose(tableName(table)));
}

class Hook {
  private readonly stampers = new Map<string, Stamper>();
  private logged = false;

  constructor(
    private readonly settings: StamperSettings,
    private readonly options: LastwriterOptions,
  ) {}

  readonly middleware =
    (next: InitializeHandler<any, any>, context: HandlerExecutionContext): InitializeHandler<any, any> =>
    async (args) => {
      const operation = OPERATIONS.get(context.commandName);
      if (operation === undefined) return next(args);
      let region = "its Region";
      let stamper: Stamper | undefined;
      let stamped: ReturnType<Stamper["stamp"]>;
      try {
        stamper = this.stamperFor(context);
        region = stamper.region;
        stamped = stamper.stamp(operation, args.input, (error) => this.failed(error, region));
      } catch (error) {
        this.failed(error, region);
      }
      if (stamper === undefined || stamped === undefined) return next(args);
      const result = await next({ ...args, input: stamped.request });
      if (operation === "BatchWriteItem") {
        try {
          stamper.takeBack(result.output?.UnprocessedItems, stamped.time);
        } catch (error) {
          // The batch was written: its answer must reach the caller.
          this.log(error, region);
        }
      }
      return result;
    };

  private stamperFor(context: HandlerExecutionContext): Stamper {
    const region = this.options.region ?? regionOf(context);
    if (region === undefined) throw new StampError("the client's Region is unknown: pass region to lastwriter()");
    let stamper = this.stampers.get(region);
    if (stamper === undefined) {
      stamper = new Stamper(region, this.settings);
      this.stampers.set(region, stamper);
    }
    return stamper;
  }

  /** A write must not fail for its stamp, unless that was asked for. */
  private failed(error: unknown, region: string): void {
    if (!this.options.strict) this.log(error, region);
    else if (error instanceof LastwriterError) throw error;
    else throw new StampError(`the write could not be stamped: ${kindOf(error)}`, { cause: error });
  }

  private log(error: unknown, region: string): void {
    if (this.logged) return;
    this.logged = true;
    // An unknown error's message may hold a key or a value, so only its kind is told.
    const reason = error instanceof LastwriterError ? error.message : kindOf(error);
    const logger = this.options.logger ?? console;
    logger.error(`lastwriter: a write in ${region} went out without its stamp (told once): ${reason}`);
  }
}

function regionOf(context: HandlerExecutionContext): string | undefined {
  const signing = context.__smithy_context?.selectedHttpAuthScheme?.httpAuthOption?.signingProperties;
  const signingRegion = context.signing_region ?? signing?.signingRegion ?? signing?.region;
  return endpointRegion(
    context.endpointV2?.url?.href,
    typeof signingRegion === "string" ? signingRegion : undefined,
  );
}

function kindOf(error: unknown): string {
  return error instanceof Error ? error.constructor.name : typeof error;
}
