import { STATUS_CODES } from "node:http";
import { Type } from "@sinclair/typebox";
import { PROBLEM_TITLES } from "../../protocol/problem.ts";

const ProblemDetails = Type.Object(
  {
    type: Type.Optional(
      Type.String({
        format: "uri-reference",
        description: "The kind of problem, where the status alone does not say enough",
        examples: Object.keys(PROBLEM_TITLES),
      }),
    ),
    title: Type.String({ description: "The kind of problem, or the status, in words" }),
    status: Type.Integer(),
    detail: Type.String({ description: "What is wrong with this request" }),
    errors: Type.Optional(
      Type.Array(
        Type.Object({
          path: Type.String({ description: "A JSON Pointer into the body" }),
          message: Type.String(),
        }),
      ),
    ),
    request_id: Type.String({ description: "Also in the hub's log" }),
  },
  { description: "RFC 9457, Problem Details for HTTP APIs" },
);

/** How a route may refuse, as the interface's description (OpenAPI) has it. */
export function problemResponses(...statuses: readonly number[]) {
  const content = { "application/problem+json": { schema: JSON.parse(JSON.stringify(ProblemDetails)) } };
  return Object.fromEntries(
    statuses.map((status) => [status, { description: STATUS_CODES[status] ?? "Error", content }]),
  );
}
