// Compiles src/ twice: ES modules for `import`, CommonJS for `require`. Each half of dist/ says which it is.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

const here = import.meta.dirname;
if (!existsSync(path.join(here, "node_modules", "typescript"))) {
  // `npm pack` in a fresh clone comes by here.
  console.error("Installing what the build needs, as package-lock.json has it");
  execFileSync("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"], { cwd: here, stdio: "inherit" });
}
const manifest = createRequire(import.meta.url).resolve("typescript/package.json");
const tsc = path.join(path.dirname(manifest), "bin", "tsc");

rmSync(path.join(here, "dist"), { recursive: true, force: true });
for (const [folder, type] of [["esm", "module"], ["cjs", "commonjs"]]) {
  const out = path.join(here, "dist", folder);
  mkdirSync(out, { recursive: true });
  writeFileSync(path.join(out, "package.json"), `${JSON.stringify({ type })}\n`);
  const format =
    type === "module"
      ? ["--module", "ESNext", "--moduleResolution", "Bundler"]
      : ["--module", "CommonJS", "--moduleResolution", "Bundler"];
  execFileSync(process.execPath, [tsc, "-p", here, "--outDir", out, ...format], { stdio: "inherit" });
}
