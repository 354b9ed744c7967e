// Knows how to hold values against the schemas of Discord's own API description. Knows nothing of who made them.
//
// node judge.mjs <node_modules> reads JSON lines {schema, value} and answers each by a line: the list of what is wrong.

import { registerHooks } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const file = pathToFileURL(join(process.argv[2], "discord-api-spec", "build", "discord-api-spec.zod.js")).href;
const open = "let zObject = z.object;";

// The schemas are built while the module loads, so its own switch for strict objects comes too late: unknown keys would
// pass. It is set in the source instead.
registerHooks({
  load(url, context, next) {
    const loaded = next(url, context);
    if (url !== file) return loaded;
    const source = String(loaded.source);
    if (!source.includes(open)) throw new Error("discord-api-spec has changed: its objects cannot be made strict");
    return { ...loaded, source: source.replace(open, "let zObject = z.strictObject;") };
  },
});

const schemas = await import(file);
const zod = await import(pathToFileURL(join(process.argv[2], "zod", "mini", "index.js")).href);
zod.config(zod.locales.en());

// Two strict halves of an intersection would each refuse the other's keys; and what lies under `errors` is described
// there with numbers for codes, while Discord sends, and its documentation shows, names such as BASE_TYPE_REQUIRED.
const known = { ErrorResponseSchema: { safeParse: ({ errors, ...rest }) => schemas.ErrorSchema.safeParse(rest) } };

// Discord writes +00:00 where its description, as zod reads it, wants Z.
const STAMP = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?)\+00:00$/;
const zulu = (_, value) => (typeof value === "string" ? value.replace(STAMP, "$1Z") : value);

// Of a union, what is wrong with the member that comes nearest: the one of the right type, if there is one.
function flat(issues, under = []) {
  return issues.flatMap((issue) => {
    const path = [...under, ...issue.path];
    if (issue.code !== "invalid_union" || !issue.errors?.length) return [`${path.join(".")}: ${issue.message}`];
    const members = issue.errors.map((errors) => flat(errors, path));
    const typed = members.filter((found) => !found.some((one) => one.startsWith(`${[...path, "type"].join(".")}:`)));
    return (typed.length ? typed : members).reduce((best, found) => (found.length < best.length ? found : best));
  });
}

for await (const line of createInterface({ input: process.stdin })) {
  const { schema, value } = JSON.parse(line, zulu);
  const name = `${schema}Schema`;
  const judge = known[name] ?? schemas[name];
  const found = judge ? judge.safeParse(value) : { success: false, error: { issues: [{ path: [], message: `no schema ${name}` }] } };
  process.stdout.write(`${JSON.stringify(found.success ? [] : flat(found.error.issues))}\n`);
}
