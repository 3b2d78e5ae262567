import { copyFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { emptyFolder } from "../folder.ts";

// Self-signed, for localhost and 127.0.0.1, good for a hundred years, and known to everyone.
const certificates = fileURLToPath(new URL("certificates/", import.meta.url));

export type CertificateName = "old" | "new";

/** The path of one half of a certificate whose subject is its name. */
export const half = (name: CertificateName, end: "crt" | "key") => join(certificates, `${name}.${end}`);

/** A certificate and its key in a folder, where they can be renewed half by half. */
export class RenewableFiles {
  readonly #folder = emptyFolder();

  constructor() {
    this.replace("crt", half("old", "crt"));
    this.replace("key", half("old", "key"));
  }

  get flags(): readonly string[] {
    return ["--tls-cert", join(this.#folder, "hub.crt"), "--tls-key", join(this.#folder, "hub.key")];
  }

  /** As certbot and others do: the new one takes the old one's place at once. */
  replace(end: "crt" | "key", path: string): void {
    const aside = join(this.#folder, "aside");
    copyFileSync(path, aside);
    renameSync(aside, join(this.#folder, `hub.${end}`));
  }
}

/** The flags for a hub with the certificate. */
export const tlsFlags = ["--tls-cert", half("old", "crt"), "--tls-key", half("old", "key")];
