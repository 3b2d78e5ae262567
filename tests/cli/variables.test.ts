import { expect, test } from "bun:test";
import { run, start } from "./tidings.ts";

test("a variable that nobody reads is named, with the one that was meant", async () => {
  const env = { TIDINGS_PROT: "1", TIDINGS_COLOUR_OF_THE_SKY: "blue" };
  const { code, output, errors } = await run(["catalog"], { env });
  expect(code).toBe(0);
  expect(JSON.parse(output)).toHaveProperty("health-update");
  expect(errors.trim().split("\n").sort()).toEqual([
    "tidings: TIDINGS_COLOUR_OF_THE_SKY is no variable that tidings knows",
    "tidings: TIDINGS_PROT is no variable that tidings knows; is TIDINGS_PORT meant?",
  ]);
});

test("a hub logs it, and lets be what Kubernetes sets for a service with its name", async () => {
  const hub = start(["serve"], {
    TIDINGS_PROT: "1",
    TIDINGS_HOST: "127.0.0.1",
    TIDINGS_PORT: "tcp://10.0.0.1:3000",
    TIDINGS_PORT_3000_TCP: "tcp://10.0.0.1:3000",
    TIDINGS_PORT_3000_TCP_ADDR: "10.0.0.1",
    TIDINGS_SERVICE_HOST: "10.0.0.1",
    TIDINGS_SERVICE_PORT: "3000",
  });
  expect(JSON.parse((await hub.errorLine()) ?? "")).toMatchObject({
    level: "warn",
    msg: "TIDINGS_PROT is no variable that tidings knows; is TIDINGS_PORT meant?",
  });
  expect((await hub.errorLine()) ?? "").not.toContain("TIDINGS_");
});

test("an address of Redis that is refused is told without its password", async () => {
  const { code, errors } = await run(["serve"], { env: { TIDINGS_STORE: "redis://:secret@h?prefx=shop" } });
  expect(code).toBe(2);
  expect(errors).toContain("'…@h?prefx=shop' from env 'TIDINGS_STORE' is invalid");
  expect(errors).not.toContain("secret");
});

test("so is the address of a hub", async () => {
  const { code, errors } = await run(["publish", "--url", "ftp://me:secret@h", "greeting", "1"]);
  expect(code).toBe(2);
  expect(errors).toContain("argument '…@h' is invalid");
  expect(errors).not.toContain("secret");
});
