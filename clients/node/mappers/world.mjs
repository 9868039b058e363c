// A running `lastwriter local` for each test file, and what every library goes through: an item is handed over between two
// Regions, and then a write of it is lost.
//
// The hand-over reads in one Region what the other wrote, and saves it there. It is no conflict, though a put replaces the
// whole item. The loss is real: both Regions write while they are cut off from each other.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { setTimeout } from "node:timers/promises";

import { DynamoDB, ScanCommand } from "@aws-sdk/client-dynamodb";
import { lastwriter } from "lastwriter";

export const [HERE, THERE] = ["us-east-1", "eu-west-1"];
const ROOT = path.join(import.meta.dirname, "..", "..", "..");
/** A limit for a machine that hangs, not an expectation. */
const PATIENCE_MS = 120_000;
/** The kinds of entry that are no conflict. */
const OTHER_KINDS = new Set(["unstamped_sample", "malformed_record", "stale_overwrite", "local_overwrite"]);

/** The first reading that is as wanted. */
async function when(read, wanted, what) {
  const limit = performance.now() + PATIENCE_MS;
  for (;;) {
    const found = await read();
    if (wanted(found)) return found;
    assert.ok(performance.now() < limit, `waited in vain for ${what}; the last reading: ${JSON.stringify(found)}`);
    await setTimeout(20);
  }
}

/** The built lastwriter. */
function program() {
  const target = path.resolve(ROOT, process.env.CARGO_TARGET_DIR ?? "target");
  const built = process.env.LASTWRITER_TEST_PROGRAM ?? path.join(target, "debug", "lastwriter");
  assert.ok(existsSync(built), `${built} is not there: run \`make programs\`, or set LASTWRITER_TEST_PROGRAM`);
  return built;
}

export class World {
  #lines = [];
  #heard = new Set();

  static async start() {
    const folder = mkdtempSync(path.join(tmpdir(), "lastwriter-mappers-"));
    const file = path.join(folder, "endpoints.json");
    const options = ["local", "--regions", `${HERE},${THERE}`, "--endpoints-file", file, "--lag", "20ms"];
    const world = new World(spawn(program(), options, { stdio: ["pipe", "pipe", "inherit"] }), folder);
    await world.#line((line) => line.trim() === "Ready.", 0);
    world.endpoints = JSON.parse(readFileSync(file, "utf8"));
    world.table = world.endpoints.table;
    return world;
  }

  constructor(process_, folder) {
    this.process = process_;
    this.folder = folder;
    this.ended = new Promise((resolve) => process_.once("exit", resolve));
    createInterface({ input: process_.stdout }).on("line", (line) => {
      this.#lines.push(line);
      for (const heard of [...this.#heard]) heard();
    });
  }

  #line(wanted, start) {
    return new Promise((resolve, reject) => {
      const look = () => {
        if (!this.#lines.slice(start).some(wanted)) return;
        this.#heard.delete(look);
        resolve();
      };
      this.#heard.add(look);
      this.ended.then(() => reject(new Error(`lastwriter local ended; it printed:\n${this.#lines.join("\n")}`)));
      look();
    });
  }

  async stop() {
    this.process.kill("SIGTERM");
    await this.ended;
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** A client of a Region, as an application makes it. */
  client(region, options) {
    const client = this.plain(region, this.endpoints.replicas[region]);
    client.middlewareStack.use(lastwriter({ strict: true, ...options }));
    return client;
  }

  plain(region, endpoint) {
    return new DynamoDB({ region, endpoint, credentials: { accessKeyId: "test", secretAccessKey: "test" } });
  }

  /** Cut the Regions off from each other, or join them again. */
  async toggle() {
    const seen = this.#lines.length;
    this.process.stdin.write(`${HERE}\n`);
    await this.#line((line) => line.startsWith(`${HERE} is cut off`) || line.startsWith(`${HERE} is joined`), seen);
  }

  /** The conflicts in a Region's ledger of items whose key has this text in it. */
  async conflicts(region, id) {
    const ledger = this.plain(region, this.endpoints.ledgers[region]);
    const { Items } = await ledger.send(new ScanCommand({ TableName: this.endpoints.ledger_table, ConsistentRead: true }));
    return Items.filter(({ Kind, Key }) => !OTHER_KINDS.has(Kind.S) && JSON.stringify(Key).includes(id));
  }

  /**
   * Goes through it all with the stores of both Regions. `store` gives an application's way to one item, with a library, in
   * one Region: `create(text)`, `read()`, which gives the text, and `save(text)`, which reads the item, changes its text, and
   * saves it as the library does; `keyText()`, what the item's key has in it, if that is not the id.
   */
  async handOverAndLose(store) {
    const id = `item-${randomUUID()}`;
    const [here, there] = [await store(HERE, id), await store(THERE, id)];
    await here.create("made");
    await this.arrives(there, "made");
    await there.save("handed over");
    await this.arrives(here, "handed over");
    await here.save("and back");
    await this.arrives(there, "and back");

    await this.toggle();
    await here.save("lost");
    await there.save("kept");
    await this.toggle();
    const text = here.keyText?.() ?? id;
    const found = await when(() => this.conflicts(HERE, text), (entries) => entries.length > 0, "the conflict in the ledger");
    await this.arrives(here, "kept");
    const told = found.map(({ Kind, Confidence, Loser, Winner }) => [Kind.S, Confidence.S, Loser.M.Region.S, Winner.M.Region.S]);
    assert.deepEqual(told, [["update_update", "certain", HERE, THERE]]);
    // The hand-overs came before it in the streams, so they have been judged.
    assert.deepEqual(await this.conflicts(THERE, text), [], "the hand-overs, and the write that won, are no conflict");
  }

  arrives(store, text) {
    return when(() => store.read(), (found) => found === text, `${JSON.stringify(text)} to arrive`);
  }
}
