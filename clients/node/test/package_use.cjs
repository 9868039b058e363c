// The same by require. lib-dynamodb is not there, and only `lastwriter/document` needs it.
const assert = require("node:assert/strict");
const { lastwriter, origin } = require("lastwriter");

assert.equal(typeof lastwriter().applyToStack, "function");
assert.deepEqual(origin({}), { kind: "unknown" });
assert.throws(() => require("lastwriter/document"), /lib-dynamodb/);
