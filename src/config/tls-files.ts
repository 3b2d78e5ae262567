import { createPrivateKey, X509Certificate } from "node:crypto";
import { createSecureContext } from "node:tls";
import { ConfigError, readNamedFile } from "./config-error.ts";

/** A certificate, with the chain that leads to it, and its key; both in PEM. */
export interface TlsPair {
  readonly cert: string;
  readonly key: string;
  /** When the certificate ends. */
  readonly ends: Date;
}

/** The files of a certificate and its key. They are replaced when the certificate is renewed. */
export class TlsFiles {
  readonly #certFile: string;
  readonly #keyFile: string;

  constructor(certFile: string, keyFile: string) {
    this.#certFile = certFile;
    this.#keyFile = keyFile;
  }

  /** @throws ConfigError when a file can't be read, or the key is not the certificate's */
  async load(): Promise<TlsPair> {
    const cert = readNamedFile("--tls-cert", this.#certFile);
    const key = readNamedFile("--tls-key", this.#keyFile);
    const certificate = parse(`--tls-cert ${this.#certFile}`, () => new X509Certificate(cert));
    const privateKey = parse(`--tls-key ${this.#keyFile}`, () => createPrivateKey(key));
    if (!certificate.checkPrivateKey(privateKey)) {
      throw new ConfigError(`--tls-key ${this.#keyFile} is not the key of --tls-cert ${this.#certFile}`);
    }
    // The server will load the whole chain, so it is checked too.
    parse(`--tls-cert ${this.#certFile}`, () => createSecureContext({ cert, key }));
    return { cert, key, ends: certificate.validToDate };
  }

  /** A renewal changes one file after the other. Loading fails until both are changed. */
  files(): readonly string[] {
    return [this.#certFile, this.#keyFile];
  }
}

function parse<T>(what: string, parsed: () => T): T {
  try {
    return parsed();
  } catch {
    // The message of the runtime would not help.
    throw new ConfigError(`${what} is not what it should be, which is PEM without a passphrase`);
  }
}
