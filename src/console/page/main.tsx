import { render } from "preact";
import { App } from "./app.tsx";
import { numbersQuery } from "./dashboard/numbers-panel.tsx";
import { connect, reconnect } from "./data/hub.ts";
import { filterQuery } from "./live/stream-panel.tsx";
import { followRoute } from "./route.ts";
import { keepTheme } from "./theme.tsx";

keepTheme();
followRoute({ live: filterQuery, dashboard: numbersQuery });
connect();
// A machine that wakes up, or is back in its network, should not wait for the next try.
addEventListener("online", reconnect);
addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") reconnect();
});
render(<App />, document.body);
