/**
 * Names of files for parts of object paths: every object store takes any text, file systems do not.
 *
 * Letters a–z, digits, `-` and `_` stay, and dots between them; everything else becomes `%` and two hex digits per UTF-8 byte.
 * So names differ also where a file system does not tell upper from lower case, and `..` is no folder.
 */
const PLAIN = /[a-z0-9_-]/;

/** The file name of one part of a path. */
export function fileNameOf(part: string): string {
  let name = "";
  const characters = [...part];
  characters.forEach((character, i) => {
    const innerDot = character === "." && i > 0 && i < characters.length - 1;
    name += PLAIN.test(character) || innerDot ? character : escaped(character);
  });
  return name;
}

/** The part of a path that a file name stands for; undefined for a file that is not ours. */
export function partOf(fileName: string): string | undefined {
  try {
    const part = decodeURIComponent(fileName);
    return fileNameOf(part) === fileName ? part : undefined;
  } catch {
    return undefined;
  }
}

function escaped(character: string): string {
  return Buffer.from(character, "utf8").toString("hex").replace(/../g, "%$&");
}
