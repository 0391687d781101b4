/** A place of the tree; children by side. */
interface Place<T> {
  readonly item: T;
  parent: Place<T> | undefined;
  left: Place<T> | undefined;
  right: Place<T> | undefined;
  red: boolean;
}

type Side = "left" | "right";

/**
 * A Java `TreeSet`, as far as its order shows: items are compared on the way down when they are added, and stay where they are
 * when the order between them changes later. An item that compares as equal to one that is there is not added.
 *
 * @source `java.util.TreeMap`: a red-black tree, balanced as in Cormen, Leiserson, Rivest, "Introduction to Algorithms"
 */
export class JavaTreeSet<T> {
  private readonly compare: (a: T, b: T) => number;
  private root: Place<T> | undefined;

  constructor(compare: (a: T, b: T) => number) {
    this.compare = compare;
  }

  /** Adds an item. */
  add(item: T): void {
    let parent: Place<T> | undefined;
    let side: Side = "left";
    for (let place = this.root; place !== undefined; place = place[side]) {
      const order = this.compare(item, place.item);
      if (order === 0) return;
      parent = place;
      side = order < 0 ? "left" : "right";
    }
    const added: Place<T> = { item, parent, left: undefined, right: undefined, red: true };
    if (parent === undefined) this.root = added;
    else parent[side] = added;
    this.balance(added);
  }

  /** The items in the order of the tree. */
  items(): readonly T[] {
    const found: T[] = [];
    const visit = (place: Place<T> | undefined): void => {
      if (place === undefined) return;
      visit(place.left);
      found.push(place.item);
      visit(place.right);
    };
    visit(this.root);
    return found;
  }

  private balance(added: Place<T>): void {
    let place = added;
    while (place.parent?.red === true) {
      const parent: Place<T> = place.parent;
      const grandparent = parent.parent as Place<T>;
      const side: Side = parent === grandparent.left ? "left" : "right";
      const uncle: Place<T> | undefined = grandparent[opposite(side)];
      if (uncle?.red === true) {
        parent.red = false;
        uncle.red = false;
        grandparent.red = true;
        place = grandparent;
        continue;
      }
      if (place === parent[opposite(side)]) {
        place = parent;
        this.rotate(place, side);
      }
      (place.parent as Place<T>).red = false;
      grandparent.red = true;
      this.rotate(grandparent, opposite(side));
    }
    (this.root as Place<T>).red = false;
  }

  /** Moves a place down to a side; its child of the other side takes its place. */
  private rotate(place: Place<T>, side: Side): void {
    const other = opposite(side);
    const child = place[other] as Place<T>;
    place[other] = child[side];
    if (child[side] !== undefined) (child[side] as Place<T>).parent = place;
    child.parent = place.parent;
    if (place.parent === undefined) this.root = child;
    else place.parent[place.parent.left === place ? "left" : "right"] = child;
    child[side] = place;
    place.parent = child;
  }
}

function opposite(side: Side): Side {
  return side === "left" ? "right" : "left";
}
