// An access policy of one's own: it refuses with a status, a problem and a challenge.
import { Elysia } from "elysia";
import { type Access, Authority, Broker, InvalidToken, KeysUnavailable, Problem, tidings } from "tidings";

const authority = new Authority({ publishKeys: ["the-key-of-a-service"] });

const access: Access = async (request) => {
  if (request.headers.has("x-at-night")) {
    throw new Problem(503, "the hub sleeps", { type: "https://example.org/asleep", retryAfter: 3600 });
  }
  const key = request.headers.get("x-key");
  if (key === null) {
    const headers = { "www-authenticate": 'Basic realm="orders"' };
    throw new Problem(401, "who is there?", { headers });
  }
  try {
    return { ...(await authority.grant(key)), privateTopics: ["orders/*"] };
  } catch (error) {
    if (error instanceof InvalidToken) throw new Problem(403, `not you: ${error.message}`, { cause: error });
    if (error instanceof KeysUnavailable) throw new Problem(503, "keys are away", { retryAfter: 5 });
    throw error;
  }
};

const broker = new Broker();
const app = new Elysia().use(tidings({ broker, access })).listen({ port: 0, hostname: "127.0.0.1" });

async function ask(headers: Record<string, string>): Promise<void> {
  const answer = await fetch(new URL("/history", app.server?.url), { headers });
  const { type, detail } = (await answer.json()) as { type?: string; detail?: string };
  const told = ["www-authenticate", "retry-after"].map((name) => answer.headers.get(name));
  console.log(JSON.stringify([answer.status, type, detail, ...told]));
}

await ask({});
await ask({ "x-at-night": "1" });
await ask({ "x-key": "guessed" });
await ask({ "x-key": "the-key-of-a-service" });
await app.stop();
