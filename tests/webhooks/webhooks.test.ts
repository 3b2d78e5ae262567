import { expect, test } from "bun:test";
import { sign as signLikeGitHub } from "@octokit/webhooks-methods";
import { Webhook as StandardWebhook } from "standardwebhooks";
import Stripe from "stripe";
import { parseWebhook } from "../../src/config/webhooks.ts";
import { problemOf } from "../http/problem.ts";
import { startHub } from "../hub.ts";

const SECRET = `whsec_${Buffer.from("a secret of twenty-four b").toString("base64")}`;
const OLD_SECRET = `whsec_${Buffer.from("the secret that was before").toString("base64")}`;
const BODY = JSON.stringify({
  id: "evt_1",
  type: "invoice.paid",
  data: { amount: 12345678901234567890n.toString() },
});

type Sign = (body: string, secret?: string, id?: string) => Promise<Record<string, string>>;

const signs: Record<"standard" | "github" | "stripe", Sign> = {
  async standard(body, secret = SECRET, id = "evt_1") {
    const time = new Date();
    return {
      "webhook-id": id,
      "webhook-timestamp": String(Math.floor(time.getTime() / 1000)),
      "webhook-signature": new StandardWebhook(secret).sign(id, time, body),
    };
  },
  async github(body, secret = SECRET, id = "evt_1") {
    return {
      "x-github-delivery": id,
      "x-github-event": "invoice.paid",
      "x-hub-signature-256": await signLikeGitHub(secret, body),
    };
  },
  async stripe(payload, secret = SECRET) {
    const header = await Stripe.webhooks.generateTestHeaderStringAsync({
      payload,
      secret,
      cryptoProvider: Stripe.createSubtleCryptoProvider(),
    });
    return { "stripe-signature": header };
  },
};
const schemes = ["standard", "github", "stripe"] as const;

async function startWith(settings: object, limits = {}) {
  const webhook = await parseWebhook(JSON.stringify(settings));
  return startHub({ webhooks: (name) => (name === "shop" ? webhook : undefined), limits });
}

const deliver = (url: string, body: BodyInit, headers: Record<string, string>, name = "shop") =>
  fetch(`${url}/webhooks/${name}`, {
    method: "POST",
    body,
    headers: { "content-type": "application/json", ...headers },
  });

for (const scheme of schemes) {
  const sign = signs[scheme];
  const settings = {
    scheme,
    secret: [SECRET, OLD_SECRET],
    type: "shop-{event}",
    topic: "shop",
    private: true,
  };

  test(`${scheme}: a delivery is an event, and the same one again is none`, async () => {
    const hub = await startWith(settings);
    const first = await deliver(hub.url, BODY, await sign(BODY));
    expect([first.status, await first.json()]).toEqual([200, { id: "evt_1", recipients: 0 }]);
    const { entries } = await hub.broker.log.read(0, 10);
    expect(entries).toMatchObject([
      { id: "evt_1", type: "shop-invoice.paid", topics: ["shop"], private: true, json: BODY },
    ]);
    const again = await deliver(hub.url, BODY, await sign(BODY, OLD_SECRET));
    expect(await again.json()).toEqual({ id: "evt_1", recipients: 0, duplicate: true });
    expect(hub.broker.log.head).toBe(1);
  });

  test(`${scheme}: a delivery whose next try has another body is one event`, async () => {
    const hub = await startWith(settings);
    const bodyOf = (pending_webhooks: number) =>
      JSON.stringify({ id: "evt_1", type: "invoice.paid", pending_webhooks });
    await deliver(hub.url, bodyOf(2), await sign(bodyOf(2)));
    const again = await deliver(hub.url, bodyOf(1), await sign(bodyOf(1)));
    expect([again.status, await again.json()]).toEqual([
      200,
      { id: "evt_1", recipients: 0, duplicate: true },
    ]);
    expect(hub.broker.log.head).toBe(1);
  });

  test(`${scheme}: nothing is taken without the right signature of the right body`, async () => {
    const hub = await startWith(settings);
    const wrong = [
      deliver(hub.url, BODY, {}),
      deliver(hub.url, `${BODY} `, await sign(BODY)),
      deliver(hub.url, BODY, await sign(BODY, `whsec_${Buffer.from("of somebody else").toString("base64")}`)),
      deliver(hub.url, "", await sign(BODY)),
      ...Object.keys(await sign(BODY)).flatMap((name) =>
        // The id and the name of GitHub's are not signed.
        scheme === "github" && name !== "x-hub-signature-256"
          ? []
          : ["", "x", "v1,", "v1=", "t=1,v1=", "sha256=", "é", `${"v1,AAAA ".repeat(1000)}`].map(
              async (value) => deliver(hub.url, BODY, { ...(await sign(BODY)), [name]: value }),
            ),
      ),
    ];
    for (const answer of await Promise.all(wrong)) {
      expect((await problemOf(answer, 403)).type).toBe("bad-signature");
    }
    expect(hub.broker.log.head).toBe(0);
  });

  test(`${scheme}: each part of a body is held to its bounds`, async () => {
    const hub = await startWith(settings, { maxBody: 1024 });
    const large = JSON.stringify({ id: "evt_1", type: "a", data: "a".repeat(1024) });
    const signed = await sign(large);
    expect((await deliver(hub.url, large, signed)).status).toBe(413);
    const notJson = '{"id":"evt_1","type":"a"';
    expect((await deliver(hub.url, notJson, await sign(notJson))).status).toBe(
      scheme === "github" ? 400 : 422,
    );
    const notText = Buffer.from([0x22, 0xff, 0x22]);
    expect((await deliver(hub.url, notText, await sign("x"))).status).toBe(400);
    const other = { ...(await sign(BODY)), "content-type": "application/x-www-form-urlencoded" };
    expect((await deliver(hub.url, BODY, other)).status).toBe(415);
    expect(hub.broker.log.head).toBe(0);
  });
}

test.each(["standard", "stripe"] as const)("%s: an old delivery is refused", async (scheme) => {
  const hub = await startWith({ scheme, secret: SECRET, type: "paid" });
  const seconds = Math.floor(Date.now() / 1000) - 301;
  const headers =
    scheme === "standard"
      ? {
          "webhook-id": "evt_1",
          "webhook-timestamp": String(seconds),
          "webhook-signature": new StandardWebhook(SECRET).sign("evt_1", new Date(seconds * 1000), BODY),
        }
      : {
          "stripe-signature": await Stripe.webhooks.generateTestHeaderStringAsync({
            payload: BODY,
            secret: SECRET,
            timestamp: seconds,
            cryptoProvider: Stripe.createSubtleCryptoProvider(),
          }),
        };
  expect((await deliver(hub.url, BODY, headers)).status).toBe(403);
});

test("a large delivery keeps its id, and one without an id has the hub's", async () => {
  const hub = await startWith({ scheme: "github", secret: SECRET, type: "push" });
  const body = JSON.stringify({ data: "a".repeat(100_000) });
  expect(await (await deliver(hub.url, body, await signs.github(body))).json()).toMatchObject({
    id: "evt_1",
  });
  for (const text of [body, "{}"]) {
    const { "x-github-delivery": _id, ...headers } = await signs.github(text);
    const answer = await deliver(hub.url, text, headers);
    expect(answer.status).toBe(200);
    expect((await answer.json()).id).not.toBe("evt_1");
  }
});

test("an id or a name that no event can have is a 422", async () => {
  const hub = await startWith({ scheme: "standard", secret: SECRET, type: "{event}" });
  const taken = JSON.stringify({ type: "tidings.gap" });
  const without = JSON.stringify({ type: 7 });
  for (const [body, id] of [
    [taken, "a"],
    [without, "b"],
    [BODY, "earliest"],
  ] as const) {
    const answer = await deliver(hub.url, body, await signs.standard(body, SECRET, id));
    expect((await problemOf(answer, 422)).type).toBe("invalid-event");
  }
});

test("the sender's rate is that of its address", async () => {
  const hub = await startWith({ scheme: "standard", secret: SECRET, type: "paid" }, { publishRate: 1 / 60 });
  const answers = [];
  for (let i = 0; i < 3; i++) answers.push((await deliver(hub.url, BODY, {})).status);
  expect(answers).toContain(429);
});

test("there is no webhook of another name", async () => {
  const hub = await startWith({ scheme: "standard", secret: SECRET, type: "paid" });
  for (const name of ["shop2", "toString", "__proto__", "%00"]) {
    expect((await deliver(hub.url, BODY, await signs.standard(BODY), name)).status).toBe(404);
  }
});

test.each([
  ["{", "it is not JSON"],
  ["[]", "the file: Expected object"],
  [{ scheme: "github" }, "/secret: missing"],
  [{ scheme: "gitlab", secret: "a", type: "b" }, '/scheme: Expected "standard", "github" or "stripe"'],
  [{ scheme: "github", secret: "", type: "b" }, "/secret: Expected a text, or a list of two"],
  [{ scheme: "github", secret: ["a", "b", "c"], type: "b" }, "/secret: Expected a text, or a list of two"],
  [{ scheme: "github", secret: "a", type: "tidings.gap" }, "/type: Expected another type"],
  [{ scheme: "github", secret: "a", type: "b", topic: "c*" }, '"c*": Expected a topic'],
  [{ scheme: "github", secret: "a", type: "b", topics: ["c", "d\n"] }, '"d\\n": Expected 1 to'],
  [{ scheme: "github", secret: "a", type: "b", tpoic: "c" }, "/tpoic: unknown; did you mean topic?"],
  [{ scheme: "standard", secret: "no base64!", type: "b" }, "a secret of this scheme is whsec_ and base64"],
])("settings %j are refused", async (settings, message) => {
  const text = typeof settings === "string" ? settings : JSON.stringify(settings);
  await expect(parseWebhook(text)).rejects.toThrow(message);
});
