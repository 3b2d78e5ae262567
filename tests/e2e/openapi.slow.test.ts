import { expect, test } from "bun:test";
import { join, resolve } from "node:path";
import { emptyFolder } from "../folder.ts";
import { cleanEnvironment, ended } from "../program.ts";
import { serveBinary } from "./binary.ts";
import { pythonless, runPython } from "./python.ts";

const KEY = "administrator-of-the-tests";
// With streams that end, since Schemathesis reads each to its end.
const KEYED = ["--admin-key", KEY, "--max-stream-age", "100ms"];

/** Cases for each operation. More than that with TIDINGS_FUZZ, which also draws others each time. */
const CASES = process.env["TIDINGS_FUZZ"] ?? "6";
const TIMEOUT = 240_000;

/** Runs a program of the development packages, by this Bun, to its end. */
function runPackage(cwd: string, program: string, ...args: string[]) {
  const child = Bun.spawn([process.execPath, resolve("node_modules/.bin", program), ...args], {
    cwd,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...cleanEnvironment(), REDOCLY_TELEMETRY: "off", REDOCLY_SUPPRESS_UPDATE_NOTICE: "true" },
  });
  return ended(child);
}

test.skipIf(pythonless).each([
  ["with keys", KEYED],
  ["without keys", []],
])(
  "no linter finds anything in the description of a hub %s",
  async (_, flags) => {
    const folder = emptyFolder();
    const { url } = await serveBinary(folder, ...flags);
    await Bun.write(join(folder, "openapi.json"), await fetch(`${url}/openapi/json`));
    await Bun.write(join(folder, "spectral.yaml"), "extends: ['spectral:oas']\n");
    const found = await Promise.all([
      runPython(folder, "openapi-spec-validator", "openapi.json"),
      // Strict: each warning is an error.
      runPackage(folder, "redocly", "lint", "--extends=recommended-strict", "openapi.json"),
      runPackage(
        folder,
        "spectral",
        "lint",
        "--ruleset=spectral.yaml",
        "--fail-severity=hint",
        "openapi.json",
      ),
    ]);
    for (const { code, output, errors } of found)
      expect([code, output + errors]).toEqual([0, output + errors]);
  },
  TIMEOUT,
);

/** How Schemathesis is to send lines, and what no description can say. */
const CONFIGURATION = `
hooks = "hooks"

[checks.positive_data_acceptance]
# 404: nothing of a generated name is there. 409: another event has the id. 413 and 431: a limit of the hub's.
expected-statuses = ["2xx", 401, 403, 404, 409, 413, 429, 431]

[checks.negative_data_rejection]
expected-statuses = [400, 401, 403, 404, 405, 413, 415, 422, 431]

[[operations]]
include-path = "/publish/stream"
# Each line has an answer of its own, within a 200.
checks.negative_data_rejection.enabled = false

[[operations]]
include-path = "/publish"
# What needs a type in the query: 400 for the rest of the query, 415 for a body that is not JSON. 422: the
# example of an answer's id stands for an id of the query too.
checks.positive_data_acceptance.expected-statuses = ["2xx", 400, 401, 403, 404, 409, 413, 415, 422, 429, 431]
# With a type in the query, any JSON is data.
checks.negative_data_rejection.enabled = false

[[operations]]
include-path = "/events"
# 400: format=text has no hub events, so no presence.
checks.positive_data_acceptance.expected-statuses = ["2xx", 400, 401, 403, 404, 409, 413, 429, 431]

[[operations]]
include-path = "/clients"
include-method = "DELETE"
# One of two parameters has to be there.
checks.positive_data_acceptance.enabled = false
`;

const HOOKS = `
import atexit, copy, itertools, json, re, schemathesis

@schemathesis.serializer("application/x-ndjson")
def lines(context, value):
    return value.encode() if isinstance(value, str) else json.dumps(value).encode()

numbers = itertools.count()

@schemathesis.hook
def before_call(context, case, kwargs):
    # No description says that a type in the query makes the body the data, or that text needs one.
    if case.operation.label == "POST /publish" and case.meta.generation.mode.is_positive:
        case.query = {} if case.media_type == "application/json" else {"type": "order-shipped"}
    # It waits no longer than it has to.
    if case.query and re.fullmatch("[0-9]+(ms|s|m)", str(case.query.get("wait"))):
        case.query["wait"] = "10ms"
    # It has few topics, and what follows on one that has ended is refused, rightly.
    if case.query and "end" in case.query:
        case.query["topic"] = ["ended/" + str(next(numbers))]
    if isinstance(case.body, (dict, list)):
        case.body = copy.deepcopy(case.body)
        for event in case.body if isinstance(case.body, list) else [case.body]:
            if isinstance(event, dict) and event.get("end") is True:
                event.pop("topic", None)
                event["topics"] = ["ended/" + str(next(numbers))]
    # It has few ids, and two events of one id are a conflict, rightly.
    if not case.meta.generation.mode.is_positive or not isinstance(case.body, (dict, list)):
        return
    for event in case.body if isinstance(case.body, list) else [case.body]:
        if isinstance(event, dict) and 0 < len(event.get("id", "")) < 1000:
            event["id"] += str(next(numbers))

# What fits the description, and how it was answered.
answers = []

@schemathesis.hook
def after_call(context, case, response):
    if case.meta.generation.mode.is_positive and response.status_code != 401:
        answers.append([case.operation.label, response.status_code])

@atexit.register
def write():
    with open("answers.json", "w") as file:
        json.dump(answers, file)
`;

test.skipIf(pythonless)(
  "Schemathesis finds no answer other than those described, and most of its events are let in",
  async () => {
    const folder = emptyFolder();
    const { url } = await serveBinary(folder, ...KEYED);
    await Bun.write(join(folder, "schemathesis.toml"), CONFIGURATION);
    await Bun.write(join(folder, "hooks.py"), HOOKS);
    const { code, output, errors } = await runPython(
      folder,
      "schemathesis",
      ...["run", `${url}/openapi/json`, "--header", `Authorization: Bearer ${KEY}`],
      ...["--max-examples", CASES, "--request-timeout", "10", "--warnings", "off"],
      ...(process.env["TIDINGS_FUZZ"] ? [] : ["--seed", "1"]),
    );
    expect([code, output + errors]).toEqual([0, output + errors]);
    const answers: [operation: string, status: number][] = await Bun.file(
      join(folder, "answers.json"),
    ).json();
    for (const operation of ["POST /publish", "POST /publish/batch", "POST /publish/stream"]) {
      const statuses = answers.filter(([name]) => name === operation).map(([, status]) => status);
      const accepted = statuses.filter((status) => status === 200).length;
      console.log(
        `${operation}: ${accepted} of ${statuses.length} requests that fit its description are let in`,
      );
      expect(accepted / statuses.length).toBeGreaterThan(0.9);
    }
  },
  TIMEOUT,
);
