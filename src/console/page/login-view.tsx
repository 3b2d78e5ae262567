import { useState } from "preact/hooks";
import { connect } from "./data/hub.ts";
import { hubRoute } from "./hub-url.ts";

/** Asks for the administrator's key. It goes into a cookie that no script can read, and nowhere else. */
export function LoginView() {
  const [refused, setRefused] = useState("");
  const [busy, setBusy] = useState(false);
  return (
    <form
      class="panel login"
      aria-labelledby="login-title"
      onSubmit={(event) => {
        event.preventDefault();
        const key = new FormData(event.currentTarget).get("key");
        setBusy(true);
        void logIn(String(key)).then((problem) => {
          setBusy(false);
          setRefused(problem);
          if (problem === "") connect();
        });
      }}
    >
      <h1 id="login-title">This hub asks for a key</h1>
      <p class="muted">
        It was started with <code>--admin-key</code>. The key is kept in a cookie that no script can read.
      </p>
      {/* A password manager files the key under a name. */}
      <input type="text" name="username" autocomplete="username" value="administrator" hidden readOnly />
      <label class="field-name" for="key">
        Administrator's key
      </label>
      <input
        id="key"
        name="key"
        class="input"
        type="password"
        autocomplete="current-password"
        required
        aria-invalid={refused !== ""}
        aria-describedby="login-refused"
      />
      <p id="login-refused" class="field-error" role="alert">
        {refused}
      </p>
      <button type="submit" class="button primary" disabled={busy}>
        Open the console
      </button>
    </form>
  );
}

/** Why the hub does not take the key; nothing when it does. */
async function logIn(key: string): Promise<string> {
  try {
    const answer = await fetch(hubRoute("session"), {
      method: "POST",
      headers: { authorization: `Bearer ${key}` },
    });
    if (!answer.ok)
      return answer.status === 401
        ? "The hub does not know this key."
        : `The hub refuses it (${answer.status}).`;
    // A key may be good and still not be the administrator's; and a browser keeps the cookie only
    // where nobody on the way could read it.
    const { ok, status } = await fetch(hubRoute("clients"));
    if (ok) return "";
    return status === 401
      ? "The key is good, but this browser does not keep it: open the console over https, or on the hub's own machine."
      : "The key is good, but not the administrator's.";
  } catch {
    return "The hub can't be reached.";
  }
}

/** Forgets the key. */
export async function logOut(): Promise<void> {
  await fetch(hubRoute("session"), { method: "DELETE" });
  location.reload();
}
