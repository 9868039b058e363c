/**
 * Stamps writes to a DynamoDB global table, so that those lost to last writer wins can be found.
 *
 *     import { lastwriter } from "lastwriter";
 *     client.middlewareStack.use(lastwriter());
 */
export { revive, softDelete } from "./client.js";
export { EncryptedItemError, LastwriterError, NotInstrumented, StampError } from "./errors.js";
export { remembered, stamps, withoutStamps } from "./history.js";
export { lastwriter } from "./middleware.js";
export type { LastwriterOptions } from "./options.js";
export { origin, type Origin, type OriginOptions } from "./origin.js";
export type { ReviveOptions, SoftDeleteOptions } from "./soft-delete.js";
