// @ts-check
/** The few ways in which this page touches the document. Text goes in as text: nothing here parses HTML. */

const SVG = "http://www.w3.org/2000/svg";

/**
 * The element with an id; the page is broken without it.
 * @template {HTMLElement} [T=HTMLElement]
 * @param {string} id
 * @returns {T}
 */
export function byId(id) {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no element #${id}`);
  return /** @type {T} */ (found);
}

/**
 * A new element.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, string>} [attributes]
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/**
 * A new SVG element.
 * @template {keyof SVGElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, string | number>} [attributes]
 * @returns {SVGElementTagNameMap[Tag]}
 */
export function makeSvg(tag, attributes = {}) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  return element;
}

/**
 * Sets text only when it differs, so that selections and screen readers are left alone.
 * @param {Element} element
 * @param {string} text
 * @returns {boolean} whether it changed
 */
export function setText(element, text) {
  if (element.textContent === text) return false;
  element.textContent = text;
  return true;
}

/**
 * Makes the children of a list match its items. A child stays the same element as long as its key does, so focus,
 * hover and animations survive an update.
 *
 * @template Item
 * @template {HTMLElement} Row
 * @param {HTMLElement} parent
 * @param {readonly Item[]} items
 * @param {{ key: (item: Item) => string, create: (item: Item) => Row, update: (row: Row, item: Item) => void }} how
 */
export function syncList(parent, items, how) {
  /** @type {Map<string, Row>} */
  const existing = new Map();
  for (const child of parent.children) {
    const row = /** @type {Row} */ (child);
    existing.set(row.dataset["key"] ?? "", row);
  }
  /** @type {ChildNode | null} */
  let cursor = parent.firstChild;
  for (const item of items) {
    const key = how.key(item);
    let row = existing.get(key);
    if (row === undefined) {
      row = how.create(item);
      row.dataset["key"] = key;
    } else existing.delete(key);
    if (row === cursor) cursor = row.nextSibling;
    else parent.insertBefore(row, cursor);
    how.update(row, item);
  }
  for (const row of existing.values()) row.remove();
}

/**
 * Plays the change mark on an element.
 * @param {HTMLElement} element
 */
export function flash(element) {
  element.classList.remove("flash");
  // Reading a layout value makes the browser notice that the class was gone.
  void element.offsetWidth;
  element.classList.add("flash");
}
