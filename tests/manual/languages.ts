import { pythonless } from "../e2e/python.ts";

/** The pages whose examples need a program that is not here. In CI a test that is passed over counts as failed. */
export const unrunnable: ReadonlySet<string> = new Set([
  ...(pythonless ? ["python"] : []),
  ...["go", "php"].filter((program) => !Bun.which(program)),
]);
