/**
 * Stamps writes to a DynamoDB global table, so that those lost to last writer wins can be found.
 *
 *     import { lastwriter } from "lastwriter";
 *     client.middlewareStack.use(lastwriter());
 */
export { revive, softDelete } from "./client.js";
export { LastwriterError, NotInstrumented, StampError } from "./errors.js";
export { stamps, withoutStamps } from "./history.js";
export { lastwriter, type LastwriterOptions } from "./middleware.js";
export type { ReviveOptions, SoftDeleteOptions } from "./soft-delete.js";
