import { StreamError } from "../../core/errors.ts";
import type { TokenProvider } from "../../ports/credentials.ts";

/** What we use of `aws-msk-iam-sasl-signer-js`. */
export interface MskSigner {
  generateAuthToken(options: {
    readonly region: string;
  }): Promise<{ readonly token: string; readonly expiryTime: number }>;
}

const mskHost = /\.kafka(?:-serverless)?\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?:/;

/**
 * Tokens of Amazon MSK's IAM, signed by the credentials of the process: of a function's role, of a container, of a profile.
 * A token is signed here, without a request, and is good for 15 minutes.
 *
 * @param brokers Addresses; MSK's have the region in them. Else it is `AWS_REGION`.
 * @param load Loads the signer. Without it AWS's own package `aws-msk-iam-sasl-signer-js`: a dependency only of who uses it.
 * @throws {StreamError} `CONFIG_INVALID` without a region, or when the signer is not installed
 */
export async function mskIamTokens(
  brokers: readonly string[],
  load?: () => Promise<MskSigner>,
): Promise<TokenProvider> {
  const region = brokers.map((broker) => mskHost.exec(broker)?.[1]).find(Boolean) ?? process.env["AWS_REGION"];
  if (!region) {
    throw new StreamError(
      "CONFIG_INVALID",
      "kafka.saslMechanism is aws-msk-iam: the region is neither in kafka.brokers nor in AWS_REGION",
      { details: { setting: "kafka.saslMechanism" } },
    );
  }
  const signer = await loaded(load);
  return async () => {
    const { token, expiryTime } = await signer.generateAuthToken({ region });
    return { value: token, expiresAtMs: expiryTime };
  };
}

async function loaded(load: (() => Promise<MskSigner>) | undefined): Promise<MskSigner> {
  try {
    if (load !== undefined) return await load();
    // awaited inside of try: then bundlers let it be absent
    return await import("aws-msk-iam-sasl-signer-js");
  } catch (cause) {
    throw new StreamError(
      "CONFIG_INVALID",
      "kafka.saslMechanism is aws-msk-iam: needs the package aws-msk-iam-sasl-signer-js; npm install it beside millrace",
      { details: { setting: "kafka.saslMechanism", package: "aws-msk-iam-sasl-signer-js" }, cause },
    );
  }
}
