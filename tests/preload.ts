/**
 * Loaded before any file of tests (bunfig.toml). Bun runs the hooks of a module that several files share
 * for the first of them only, unless it is loaded from here: hubs and folders would stay behind.
 */
import "./browser.ts";
import "./cli/tidings.ts";
import "./configured.ts";
import "./e2e/binary.ts";
import "./http/keyed-hub.ts";
import "./http/reader.ts";
import "./log/folder.ts";
import "./readme/shell.ts";
import "./sdk/cutter.ts";
import "./sdk/faulty-hub.ts";
import "./sdk/hub.ts";
import "./tls/certificate.ts";
import "./tls/http2-client.ts";
