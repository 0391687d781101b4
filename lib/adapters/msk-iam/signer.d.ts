/** What we use of the signer, so that types are checked where it is not installed. */
declare module "aws-msk-iam-sasl-signer-js" {
  /** Signs with the credentials of the process. `expiryTime` is in milliseconds since 1970. */
  export function generateAuthToken(options: {
    readonly region: string;
  }): Promise<{ readonly token: string; readonly expiryTime: number }>;
}
