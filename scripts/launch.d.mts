/** A failure whose message is all that the person needs. */
export declare class LaunchError extends Error {}

/** The Node that is fetched when the host's is too old. */
export declare const pinnedVersion: string;

/** True when this Node runs `.ts` files without a flag and the tools of the repository accept it. */
export declare function isNewEnough(version: string): boolean;

/** The npm package with a Node binary for a host, or undefined. */
export declare function packageFor(host: { platform: string; arch: string; glibc: boolean }): string | undefined;

/** The folder of the fetched Node. */
export declare function cacheFolder(host: {
  platform: string;
  env: Record<string, string | undefined>;
  home: string;
}): string;

/** The environment of the child: its Node is the first on PATH. */
export declare function childEnvironment(
  nodePath: string,
  env: Record<string, string | undefined>,
  platform: string,
): Record<string, string | undefined>;

/** The path of a file, or of the `bin` of a package in node_modules. Throws `LaunchError` for neither. */
export declare function resolveTarget(name: string, root: string): string;

/** How to start the npm of this host. */
export declare function npmCommand(host: {
  platform: string;
  env: Record<string, string | undefined>;
  execPath: string;
  exists?: (path: string) => boolean;
}): { file: string; args: string[]; shell: boolean };
