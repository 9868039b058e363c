/**
 * Hooks the stamper into the AWS SDK's middleware.
 *
 * It stands right behind the middleware that resolves the endpoint, in the serialize step. There the document client has
 * turned JavaScript values into DynamoDB JSON already, the Region is known, the request is not yet serialised, and the
 * SDK's retries, which happen in a later step, do not come by again. The SDK makes up its own ClientRequestToken while it
 * serialises, so a token seen here is the caller's. The answer comes by when the document client has turned it into
 * JavaScript values.
 *
 * The stamped request is not what the SDK serialises: a second middleware, right behind the one that does, puts its stamp
 * into the body (see body.ts).
 */
import type {
  HandlerExecutionContext,
  InitializeHandler,
  InitializeMiddleware,
  Pluggable,
  SerializeHandler,
  SerializeMiddleware,
} from "@smithy/types";
import { Answers } from "./answers.js";
import { stampedBody } from "./body.js";
import { EncryptedItemError, LastwriterError, StampError } from "./errors.js";
import { resolve, type LastwriterOptions } from "./options.js";
import { shared, type Instrumented } from "./process.js";
import { endpointRegion, isRegionName, oddRegion, placeOf } from "./region.js";
import { Stamper, stampedRequest, type Stamped, type StamperSettings } from "./stamper.js";
import type { Call, Operation } from "./writes.js";

const NAME = "lastwriter";
const BODY_NAME = "lastwriterBody";
const OPERATIONS: ReadonlyMap<string | undefined, Operation> = new Map(
  (
    [
      "GetItem",
      "Query",
      "Scan",
      "BatchGetItem",
      "TransactGetItems",
      "UpdateItem",
      "PutItem",
      "DeleteItem",
      "BatchWriteItem",
      "TransactWriteItems",
      "ExecuteStatement",
      "BatchExecuteStatement",
      "ExecuteTransaction",
      "DescribeTable",
      "CreateTable",
      "DeleteTable",
    ] as const
  ).map((operation) => [`${operation}Command`, operation]),
);
const STAMPED: ReadonlySet<Operation> = new Set(["UpdateItem", "PutItem", "BatchWriteItem", "TransactWriteItems"]);

/**
 * A plugin that stamps every write of a DynamoDB client, and of the document clients made from it:
 *
 *     client.middlewareStack.use(lastwriter());
 *
 * UpdateItem, PutItem, BatchWriteItem's puts and TransactWriteItems' updates and puts are stamped. DeleteItem and PartiQL
 * statements are left alone. The stamps that come back are remembered, for puts that carry none, and hidden. Using it again
 * on the same client replaces the settings.
 *
 * @throws RangeError if a setting is wrong.
 */
export function lastwriter(options: LastwriterOptions = {}): Pluggable<any, any> {
  const settings = resolve(options);
  const hook = new Hook(settings, options);
  return {
    applyToStack(stack) {
      const places = new Set<string>();
      stack.addRelativeTo(hook.middleware(places) as InitializeMiddleware<any, any>, {
        name: NAME,
        relation: "after",
        toMiddleware: "endpointV2Middleware",
        override: true,
      });
      stack.addRelativeTo(hook.bodyMiddleware as SerializeMiddleware<any, any>, {
        name: BODY_NAME,
        relation: "after",
        toMiddleware: "serializerMiddleware",
        override: true,
      });
      shared.instrumented.set(stack, { ...settings, places } satisfies Instrumented);
    },
  };
}

/** The stamp could not be put into the body: the request is to be serialised with it. */
class NotSpliced extends Error {}

/** A stamper of one endpoint, and what reads the answers from there. */
interface Endpoint {
  readonly stamper: Stamper;
  readonly answers: Answers;
}

/** A call that carries a stamp. */
type StampedCall = Call & { readonly stamped: Stamped };

class Hook {
  /** By the endpoint's URL and the Region. */
  private readonly endpoints = new Map<string, Endpoint>();
  private readonly told = new Set<string>();
  /** The calls whose stamp is yet to be put into the body. */
  private readonly pending = new WeakMap<HandlerExecutionContext, StampedCall>();

  constructor(
    private readonly settings: StamperSettings,
    private readonly options: LastwriterOptions,
  ) {}

  /** The middleware for one client. `seen` gets the places that it calls. */
  middleware(seen: Set<string>) {
    return (next: InitializeHandler<any, any>, context: HandlerExecutionContext): InitializeHandler<any, any> => {
      const operation = OPERATIONS.get(context.commandName);
      if (operation === undefined) return next;
      return async (args) => {
        let endpoint: Endpoint | undefined;
        let stamped: Stamped | undefined;
        try {
          endpoint = this.endpointOf(context);
          const { region, place } = endpoint.stamper;
          seen.add(place);
          stamped = endpoint.stamper.stamp(operation, args.input, (error) => this.failed(error, region));
        } catch (error) {
          // Without a Region a read goes on as if there were no plugin.
          if (STAMPED.has(operation)) this.failed(error, endpoint?.stamper.region);
        }
        if (endpoint === undefined) return next(args);
        const call = { operation, asked: args.input, stamped };
        return this.answered(endpoint, call, () => (isStamped(call) ? this.send(call, next, args, context) : next(args)));
      };
    };
  }

  /** Puts the stamp into the body of a call that waits for it. */
  readonly bodyMiddleware =
    (next: SerializeHandler<any, any>, context: HandlerExecutionContext): SerializeHandler<any, any> =>
    async (args) => {
      const call = this.pending.get(context);
      if (call !== undefined) {
        this.pending.delete(context);
        const request = args.request as { body?: unknown };
        const body = stampedBody(request.body, call.asked, call.stamped.writes);
        if (body === undefined) throw new NotSpliced();
        request.body = body;
      }
      return next(args);
    };

  /** Sends what the caller asked for, with the stamp to be put into its body; else the stamped request itself. */
  private async send(call: StampedCall, next: InitializeHandler<any, any>, args: { input: any }, context: HandlerExecutionContext) {
    this.pending.set(context, call);
    try {
      return await next(args);
    } catch (error) {
      // Thrown before the request was sent.
      if (!(error instanceof NotSpliced)) throw error;
      return next({ ...args, input: stampedRequest(call.asked, call.stamped) });
    }
  }

  /** What a call answers, when its answer has been read. */
  private async answered<Result extends { output: any }>(
    { answers, stamper }: Endpoint,
    call: Call,
    send: () => Promise<Result>,
  ): Promise<Result> {
    try {
      const result = await send();
      this.attempt(stamper.region, () => answers.read(call, result.output));
      return result;
    } catch (error) {
      const status = (error as { $metadata?: { httpStatusCode?: number } } | undefined)?.$metadata?.httpStatusCode;
      this.attempt(stamper.region, () => {
        if (status === undefined || status >= 500) answers.lost(call);
        else answers.refused(call, error as Error);
      });
      throw error;
    }
  }

  /** The call was made: whatever happens here, its answer must reach the caller. */
  private attempt(region: string, read: () => void): void {
    try {
      read();
    } catch (error) {
      this.log(error, region, "an answer could not be read for its stamps");
    }
  }

  private endpointOf(context: HandlerExecutionContext): Endpoint {
    const url = context.endpointV2?.url?.href ?? "";
    const region = this.options.region ?? regionOf(context, url);
    if (region === undefined) throw new StampError("the client's Region is unknown: pass region to lastwriter()");
    const known = this.endpoints.get(`${region} ${url}`);
    if (known !== undefined) return known;
    if (!isRegionName(region)) throw new StampError(oddRegion(region));
    const stamper = new Stamper(region, placeOf(url), this.settings);
    const endpoint = { stamper, answers: new Answers(stamper, this.options.hide ?? true) };
    this.endpoints.set(`${region} ${url}`, endpoint);
    return endpoint;
  }

  /** A write must not fail for its stamp, unless that was asked for. */
  private failed(error: unknown, region = "its Region"): void {
    if (!this.options.strict) this.log(error, region, "a write went out without its stamp");
    else if (error instanceof LastwriterError) throw error;
    else throw new StampError(`the write could not be stamped: ${kindOf(error)}`, { cause: error });
  }

  private log(error: unknown, region: string, what: string): void {
    // Each table whose items are signed is told: its writes stay without stamps until something is done.
    const kind = error instanceof EncryptedItemError ? error.message : what;
    if (this.told.has(kind)) return;
    this.told.add(kind);
    // An unknown error's message may hold a key or a value, so only its kind is told.
    const reason = error instanceof LastwriterError ? error.message : kindOf(error);
    const logger = this.options.logger ?? console;
    logger.error(`lastwriter: ${what}, in ${region} (told once): ${reason}`);
  }
}

function isStamped(call: Call): call is StampedCall {
  return call.stamped !== undefined;
}

function regionOf(context: HandlerExecutionContext, url: string): string | undefined {
  const signing = context.__smithy_context?.selectedHttpAuthScheme?.httpAuthOption?.signingProperties;
  const signingRegion = context.signing_region ?? signing?.signingRegion ?? signing?.region;
  return endpointRegion(url, typeof signingRegion === "string" ? signingRegion : undefined);
}

function kindOf(error: unknown): string {
  return error instanceof Error ? error.constructor.name : typeof error;
}
