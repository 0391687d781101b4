import { createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";

/** A certificate with its key, as PEM texts. */
export interface Certificate {
  readonly certificatePem: string;
  /** PKCS #8. */
  readonly privateKeyPem: string;
}

/** What a certificate is to say. */
export interface CertificateWish {
  /** Common name of the subject. */
  readonly name: string;
  /** IPv4 addresses that it is good for. */
  readonly addresses: readonly string[];
  /** Days from now in which it is valid; a year from yesterday by default. */
  readonly validDays?: readonly [from: number, to: number];
}

/** An authority of one's own, whose certificates nobody trusts who was not given `certificatePem`. */
export interface Authority {
  readonly certificatePem: string;
  issue(wish: CertificateWish): Certificate;
}

const DAY_MS = 24 * 60 * 60 * 1_000;
const aboutAYear = [-1, 364] as const;

const oids = {
  ecdsaWithSha256: [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02],
  commonName: [0x55, 0x04, 0x03],
  basicConstraints: [0x55, 0x1d, 0x13],
  subjectAltName: [0x55, 0x1d, 0x11],
} as const;

/**
 * Makes an authority: elliptic curve P-256, X.509 v3, in a few milliseconds and without any program but Node.
 *
 * @source RFC 5280 §4.1
 */
export function createAuthority(name: string): Authority {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const signer = { name, privateKey };
  const isAuthority = extension(oids.basicConstraints, sequence(tlv(0x01, Buffer.from([0xff]))));
  const subject = { name, publicKey: createPublicKey(privateKey), validDays: aboutAYear, extensions: [isAuthority] };
  return {
    certificatePem: signed(signer, subject),
    issue: (wish) => {
      const pair = generateKeyPairSync("ec", { namedCurve: "P-256" });
      const names = wish.addresses.map((address) => tlv(0x87, Buffer.from(address.split(".").map(Number))));
      const { name: own, validDays = aboutAYear } = wish;
      const extensions = [extension(oids.subjectAltName, sequence(...names))];
      return {
        certificatePem: signed(signer, { name: own, publicKey: pair.publicKey, validDays, extensions }),
        privateKeyPem: pair.privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
      };
    },
  };
}

interface Subject {
  readonly name: string;
  readonly publicKey: KeyObject;
  readonly validDays: readonly [from: number, to: number];
  readonly extensions: readonly Buffer[];
}

function signed(by: { readonly name: string; readonly privateKey: KeyObject }, subject: Subject): string {
  const algorithm = sequence(tlv(0x06, Buffer.from(oids.ecdsaWithSha256)));
  const version3 = tlv(0xa0, tlv(0x02, Buffer.from([2])));
  const serial = tlv(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)]));
  const validity = sequence(...subject.validDays.map((days) => time(Date.now() + days * DAY_MS)));
  const key = subject.publicKey.export({ type: "spki", format: "der" });
  const extensions = tlv(0xa3, sequence(...subject.extensions));
  const [issuer, owner] = [commonName(by.name), commonName(subject.name)];
  const body = sequence(version3, serial, algorithm, issuer, validity, owner, key, extensions);
  const signature = tlv(0x03, Buffer.from([0]), sign("sha256", body, by.privateKey));
  const lines =
    sequence(body, algorithm, signature)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}

/** One element of DER: tag, length, content. */
function tlv(tag: number, ...content: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(content);
  const length = body.length;
  const head = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...head]), body]);
}

function sequence(...members: readonly Uint8Array[]): Buffer {
  return tlv(0x30, ...members);
}

function commonName(name: string): Buffer {
  return sequence(tlv(0x31, sequence(tlv(0x06, Buffer.from(oids.commonName)), tlv(0x0c, Buffer.from(name)))));
}

function extension(oid: readonly number[], value: Buffer): Buffer {
  return sequence(tlv(0x06, Buffer.from(oid)), tlv(0x04, value));
}

/** `20261128153700Z`, which is good for every year. */
function time(ms: number): Buffer {
  const digits = new Date(ms).toISOString().slice(0, 19).replaceAll(/\D/g, "");
  return tlv(0x18, Buffer.from(`${digits}Z`));
}
