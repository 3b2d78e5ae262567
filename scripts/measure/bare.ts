/**
 * A server of this runtime that reads what is posted, and answers as long a text as the hub does.
 *
 *   bun bare.ts PORT
 */
const ANSWER = JSON.stringify({ id: "bcdfghjkmnpq-12345", recipients: 0 });

Bun.serve({
  hostname: "127.0.0.1",
  port: Number(process.argv[2]),
  development: false,
  async fetch(request) {
    await request.bytes();
    return new Response(ANSWER, { headers: { "content-type": "application/json" } });
  },
});
